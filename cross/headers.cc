// Compiled only so that its precompiled header is.
