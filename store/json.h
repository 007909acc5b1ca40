#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace store {

/// A JSON value (RFC 8259) in memory. The members of an object keep their order. The library behind
/// it is parsed in one file alone, since it costs the compiler more than the rest of a file does.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  /// Arrays and objects may lie this deep in one another. What we write is six deep.
  static constexpr int kDeepest = 16;

  enum class Charset {
    kUtf8,
    kAscii,  ///< Every other character is written as \uXXXX, so that none can steer a terminal.
  };

  // These convert, so that an object can be written down as one.
  // NOLINTBEGIN(google-explicit-constructor,hicpp-explicit-conversions)
  Json(std::nullptr_t = nullptr) {}
  Json(bool truth) : value_(truth) {}
  Json(std::signed_integral auto number) : value_(std::int64_t{number}) {}
  Json(std::unsigned_integral auto number) : value_(std::uint64_t{number}) {}
  Json(double number) : value_(number) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(Array elements) : value_(std::move(elements)) {}
  Json(Object members) : value_(std::move(members)) {}
  // NOLINTEND(google-explicit-constructor,hicpp-explicit-conversions)

  /// Reads one value that fills the whole text. The error is what is wrong with the text, as the
  /// end of a sentence: "it is not valid JSON" or "it is nested too deeply".
  [[nodiscard]] static tl::expected<Json, std::string> parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  /// Each of these is null, or nothing, where the value is of another type.
  const bool* truth() const { return std::get_if<bool>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }
  /// An integer that the type holds; 1.0 is not one.
  std::optional<std::int64_t> integer() const;
  std::optional<std::uint64_t> count() const;
  /// Any number.
  std::optional<double> number() const;
  /// The member of this name, or null where there is none or this is not an object. Of several of
  /// one name, the last.
  const Json* find(std::string_view name) const;

  /// On one line.
  std::string line(Charset charset) const;
  /// Over several lines, each level indented by two spaces; without a line end behind the last.
  std::string lines(Charset charset) const;

 private:
  // What is not valid UTF-8 in a text becomes U+FFFD.
  void append_to(std::string& into, Charset charset, std::optional<std::size_t> indent) const;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

}  // namespace store
