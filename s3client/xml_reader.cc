#include "s3client/xml_reader.h"

#include <expat.h>
#include <fmt/format.h>

#include <cstring>
#include <new>
#include <string>
#include <type_traits>

namespace s3 {
namespace {

std::string_view local_name(const XML_Char* qualified) {
  const XML_Char* const colon = std::strrchr(qualified, ':');
  return colon == nullptr ? qualified : colon + 1;
}

struct ParserDeleter {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

}  // namespace

struct XmlReader::Impl {
  explicit Impl(XmlSink& a_sink) : sink(a_sink), parser(XML_ParserCreate(nullptr)) {
    if (!parser) throw std::bad_alloc();
    XML_SetUserData(parser.get(), this);
    XML_SetElementHandler(parser.get(), start, end);
    XML_SetCharacterDataHandler(parser.get(), characters);
    XML_SetStartDoctypeDeclHandler(parser.get(), doctype);
  }

  static void XMLCALL start(void* user, const XML_Char* name, const XML_Char** /*attributes*/) {
    Impl& self = *static_cast<Impl*>(user);
    self.silent_bytes = 0;
    if (self.refusal != nullptr) return;
    if (self.depth == kMaxDepth) return self.refuse("it is nested too deeply");
    ++self.depth;
    self.text.clear();
    self.sink.on_start(self.depth, local_name(name));
  }

  static void XMLCALL end(void* user, const XML_Char* name) {
    Impl& self = *static_cast<Impl*>(user);
    self.silent_bytes = 0;
    if (self.refusal != nullptr) return;
    self.sink.on_end(self.depth, local_name(name), self.text);
    self.text.clear();
    --self.depth;
  }

  static void XMLCALL characters(void* user, const XML_Char* bytes, int count) {
    Impl& self = *static_cast<Impl*>(user);
    self.silent_bytes = 0;
    if (self.refusal != nullptr) return;
    const auto size = static_cast<std::size_t>(count);
    if (self.text.size() + size > kMaxTextBytes) return self.refuse("it has too long a text");
    self.text.append(bytes, size);
  }

  static void XMLCALL doctype(void* user, const XML_Char* /*name*/, const XML_Char* /*system_id*/,
                              const XML_Char* /*public_id*/, int /*has_internal_subset*/) {
    static_cast<Impl*>(user)->refuse("it declares a document type");
  }

  /// expat may still call handlers after it was stopped: they ask for `refusal`.
  void refuse(const char* reason) {
    refusal = reason;
    XML_StopParser(parser.get(), XML_FALSE);
  }

  Result<void> parse(const char* bytes, int count, bool final) {
    if (refusal == nullptr &&
        XML_Parse(parser.get(), bytes, count, final ? 1 : 0) == XML_STATUS_OK) {
      return {};
    }
    const char* reason =
        refusal != nullptr ? refusal : XML_ErrorString(XML_GetErrorCode(parser.get()));
    return Error{ErrorKind::kServer, 0, "",
                 fmt::format("the XML of the answer is refused: {}", reason), ""};
  }

  XmlSink& sink;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserDeleter> parser;
  const char* refusal = nullptr;
  std::size_t depth = 0;
  std::size_t total_bytes = 0;
  std::size_t silent_bytes = 0;
  std::string text;
};

XmlReader::XmlReader(XmlSink& sink) : impl_(std::make_unique<Impl>(sink)) {}
XmlReader::~XmlReader() = default;

Result<void> XmlReader::feed(std::span<const std::byte> bytes) {
  // Also keeps the count within expat's int.
  if (bytes.size() > kMaxDocumentBytes - impl_->total_bytes) impl_->refuse("it is too large");
  // expat reads a tag that is not complete anew with each piece that comes, which is quadratic.
  if (impl_->silent_bytes > kMaxSilentBytes) impl_->refuse("it has too long a tag or comment");
  impl_->silent_bytes += bytes.size();
  if (impl_->refusal == nullptr) impl_->total_bytes += bytes.size();
  const auto* chars = static_cast<const char*>(static_cast<const void*>(bytes.data()));
  return impl_->parse(chars, static_cast<int>(bytes.size()), false);
}

Result<void> XmlReader::finish() { return impl_->parse(nullptr, 0, true); }

std::string expat_version_text() {
  const auto version = XML_ExpatVersionInfo();
  return fmt::format("{}.{}.{}", version.major, version.minor, version.micro);
}

}  // namespace s3
