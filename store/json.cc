#include "store/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

// Reading goes through the library's events, not its tree: so its tree is not compiled, and the
// depth is known before anything is kept.
namespace store {
namespace {

constexpr std::size_t kIndent = 2;

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return put(nullptr); }
  bool boolean(bool truth) override { return put(truth); }
  bool number_integer(number_integer_t number) override { return put(number); }
  bool number_unsigned(number_unsigned_t number) override { return put(number); }
  bool number_float(number_float_t number, const string_t& /*text*/) override {
    return put(number);
  }
  bool string(string_t& text) override { return put(std::move(text)); }
  bool binary(binary_t& /*bytes*/) override { return false; }
  bool key(string_t& name) override {
    open_.back().name = std::move(name);
    return true;
  }
  bool start_object(std::size_t /*size*/) override { return open(true); }
  bool start_array(std::size_t /*size*/) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

  bool is_too_deep() const { return is_too_deep_; }
  Json& root() { return root_; }

 private:
  struct Level {
    bool is_object;
    Json::Array elements;
    Json::Object members;
    std::string name;
  };

  bool open(bool is_object) {
    is_too_deep_ = open_.size() == Json::kDeepest;
    if (!is_too_deep_) open_.push_back({is_object, {}, {}, {}});
    return !is_too_deep_;
  }
  bool close() {
    auto level = std::move(open_.back());
    open_.pop_back();
    if (level.is_object) return put(std::move(level.members));
    return put(std::move(level.elements));
  }
  bool put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto& level = open_.back(); level.is_object) {
      level.members.emplace_back(std::move(level.name), std::move(value));
    } else {
      level.elements.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Level> open_;
  Json root_;
  bool is_too_deep_ = false;
};

// A text or a fraction, as the library writes it.
void append_scalar(std::string& into, const nlohmann::json& scalar, Json::Charset charset) {
  into += scalar.dump(-1, ' ', charset == Json::Charset::kAscii,
                      nlohmann::json::error_handler_t::replace);
}

void new_line(std::string& into, std::optional<std::size_t> indent) {
  if (indent) into.append("\n").append(*indent, ' ');
}

template <typename Elements, typename Append>
void append_all(std::string& into, std::string_view brackets, const Elements& elements,
                std::optional<std::size_t> indent, const Append& append) {
  into += brackets.front();
  const auto inner = indent ? std::optional(*indent + kIndent) : std::nullopt;
  for (const auto& element : elements) {
    if (&element != &elements.front()) into += ',';
    new_line(into, inner);
    append(element, inner);
  }
  if (!elements.empty()) new_line(into, indent);
  into += brackets.back();
}

}  // namespace

tl::expected<Json, std::string> Json::parse(std::string_view text) {
  TreeBuilder builder;
  const bool valid = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (builder.is_too_deep()) return tl::unexpected<std::string>("it is nested too deeply");
  if (!valid) return tl::unexpected<std::string>("it is not valid JSON");
  return std::move(builder.root());
}

std::optional<std::int64_t> Json::integer() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return *number;
  const auto* number = std::get_if<std::uint64_t>(&value_);
  const bool fits = number != nullptr && std::in_range<std::int64_t>(*number);
  return fits ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::optional<std::uint64_t> Json::count() const {
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return *number;
  const auto* number = std::get_if<std::int64_t>(&value_);
  const bool fits = number != nullptr && *number >= 0;
  return fits ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::optional<double> Json::number() const {
  if (const auto* fraction = std::get_if<double>(&value_)) return *fraction;
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*number);
  return std::nullopt;
}

const Json* Json::find(std::string_view name) const {
  const auto* members = object();
  if (members == nullptr) return nullptr;
  const auto found = std::find_if(members->rbegin(), members->rend(),
                                  [&](const Member& member) { return member.first == name; });
  return found == members->rend() ? nullptr : &found->second;
}

void Json::append_to(std::string& into, Charset charset, std::optional<std::size_t> indent) const {
  if (is_null()) {
    into += "null";
  } else if (const auto* is_true = truth()) {
    into += *is_true ? "true" : "false";
  } else if (const auto* signed_number = std::get_if<std::int64_t>(&value_)) {
    into += std::to_string(*signed_number);
  } else if (const auto* unsigned_number = std::get_if<std::uint64_t>(&value_)) {
    into += std::to_string(*unsigned_number);
  } else if (const auto* fraction = std::get_if<double>(&value_)) {
    append_scalar(into, *fraction, charset);
  } else if (const auto* string = text()) {
    append_scalar(into, *string, charset);
  } else if (const auto* elements = array()) {
    append_all(into, "[]", *elements, indent,
               [&](const Json& element, auto inner) { element.append_to(into, charset, inner); });
  } else if (const auto* members = object()) {
    append_all(into, "{}", *members, indent, [&](const Member& member, auto inner) {
      append_scalar(into, member.first, charset);
      into += indent ? ": " : ":";
      member.second.append_to(into, charset, inner);
    });
  }
}

std::string Json::line(Charset charset) const {
  std::string text;
  append_to(text, charset, std::nullopt);
  return text;
}

std::string Json::lines(Charset charset) const {
  std::string text;
  append_to(text, charset, std::size_t{0});
  return text;
}

}  // namespace store
