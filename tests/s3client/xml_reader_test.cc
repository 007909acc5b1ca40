#include "s3client/xml_reader.h"

#include <string>

#include "tests/support/catch.h"

namespace {

/// Writes down what it gets: "1<a 2<b 2>b=text 1>a".
struct Recorder final : s3::XmlSink {
  void on_start(std::size_t depth, std::string_view name) override {
    log += std::to_string(depth) + "<" + std::string(name) + " ";
  }
  void on_end(std::size_t depth, std::string_view name, std::string_view text) override {
    log += std::to_string(depth) + ">" + std::string(name) + "=" + std::string(text) + " ";
  }
  std::string log;
};

s3::Result<std::string> read(const std::string& text, std::size_t piece_bytes = 1) {
  Recorder recorder;
  s3::XmlReader reader(recorder);
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    const std::string piece = text.substr(at, piece_bytes);
    if (auto fed = reader.feed(std::as_bytes(std::span(piece))); !fed) {
      return tl::unexpected(fed.error());
    }
  }
  if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
  return recorder.log;
}

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "<a>";
  for (std::size_t i = 0; i < depth; ++i) text += "</a>";
  return text;
}

}  // namespace

TEST_CASE("elements come with their depth and text, however the bytes are cut") {
  const std::string text = "<?xml version=\"1.0\"?>\n<a x=\"1\"><b>t&amp;&quot;&#65;</b><c/></a>\n";
  const std::size_t piece_bytes = GENERATE(1U, 2U, 3U, 1000U);
  CHECK(read(text, piece_bytes) == "1<a 2<b 2>b=t&\"A 2<c 2>c= 1>a= ");
}

TEST_CASE("namespaces and their prefixes are left out") {
  CHECK(read("<s:a xmlns:s=\"urn:x\"><s:b>1</s:b></s:a>") == "1<a 2<b 2>b=1 1>a= ");
  CHECK(read("<a xmlns=\"urn:x\"><b>1</b></a>") == "1<a 2<b 2>b=1 1>a= ");
}

TEST_CASE("what is not well-formed or not complete is refused") {
  const std::string text =
      GENERATE("", "<a>", "<a></b>", "<a/><b/>", "text", "<a>\x01</a>", "<a>&nbsp;</a>",
               "<a>\xff</a>", "<a>&#0;</a>", "<html><br></html>");
  CAPTURE(text);
  const auto result = read(text);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().kind == s3::ErrorKind::kServer);
}

TEST_CASE("a document type is refused, and with it every entity") {
  const std::string text =
      GENERATE("<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"http://127.0.0.1/x.dtd\"><a/>",
               "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
               "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>");
  CAPTURE(text);
  const auto result = read(text);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("document type") != std::string::npos);
}

TEST_CASE("depth is limited") {
  CHECK(read(nested(s3::XmlReader::kMaxDepth)).has_value());
  CHECK_FALSE(read(nested(s3::XmlReader::kMaxDepth + 1)).has_value());
}

TEST_CASE("the text of one element is limited") {
  const std::size_t limit = s3::XmlReader::kMaxTextBytes;
  CHECK(read("<a>" + std::string(limit, 'x') + "</a>", 1000).has_value());
  CHECK_FALSE(read("<a>" + std::string(limit + 1, 'x') + "</a>", 1000).has_value());
}

TEST_CASE("the size of a document is limited") {
  Recorder recorder;
  s3::XmlReader reader(recorder);
  const std::string megabyte(std::size_t{1} << 20U, ' ');
  const std::string begin = "<a>";
  REQUIRE(reader.feed(std::as_bytes(std::span(begin))).has_value());
  std::size_t accepted = 0;
  std::string elements;
  while (elements.size() < megabyte.size()) elements += "<bbbb/> ";
  while (accepted < 100 && reader.feed(std::as_bytes(std::span(elements)))) ++accepted;
  CHECK(accepted == s3::XmlReader::kMaxDocumentBytes / megabyte.size() - 1);
  CHECK_FALSE(reader.finish().has_value());
}
