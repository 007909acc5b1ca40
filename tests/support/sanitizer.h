#pragma once

// Whether this program was built with a sanitizer, which changes what memory and time a thing
// takes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOLDFAST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOLDFAST_SANITIZED 1
#endif
#endif
#ifndef HOLDFAST_SANITIZED
#define HOLDFAST_SANITIZED 0
#endif

namespace test {

constexpr bool kSanitized = HOLDFAST_SANITIZED != 0;

}  // namespace test
