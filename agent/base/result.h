#pragma once

#include <string>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace agent {

/// A value, or an error of the agent's own in its stead, most often one sentence. The compiler
/// warns where one is dropped. A function returns either of the two as it is; only where an error
/// could be taken for a value must it say tl::unexpected.
template <typename T, typename E = std::string>
class [[nodiscard]] Result : public tl::expected<T, E> {
 public:
  using Base = tl::expected<T, E>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}  // NOLINT(google-explicit-constructor)
  // By const reference: with Error&& it would hide the constructor that takes a value.
  template <typename Error>
  requires(std::is_convertible_v<Error, E> && !std::is_convertible_v<Error, T> &&
           !std::is_same_v<Error, Result>)
      Result(const Error& error)  // NOLINT(google-explicit-constructor)
      : Base(tl::unexpected(E(error))) {}
};

}  // namespace agent
