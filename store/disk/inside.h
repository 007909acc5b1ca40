#pragma once

// A header that includes this one is for store/ alone, and for its tests.
#ifndef HOLDFAST_INSIDE_STORE
#error "this header is private to store/: change what is held through store/custody/mirror.h"
#endif
