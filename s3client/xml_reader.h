#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "s3client/error.h"

namespace s3 {

/// Gets the elements of a document as they come. Names are without their namespace prefix; the root
/// has depth 1; the views die with the call.
class XmlSink {
 public:
  virtual ~XmlSink() = default;
  virtual void on_start(std::size_t depth, std::string_view name) = 0;
  /// `text`: what stands between the tags, of an element that has no children.
  virtual void on_end(std::size_t depth, std::string_view name, std::string_view text) = 0;
};

/// A streaming XML reader for what a stranger sends: bounded in depth, text and size, and it
/// refuses every document type, so that there are no entities but the five of XML itself.
class XmlReader {
 public:
  static constexpr std::size_t kMaxDepth = 16;
  static constexpr std::size_t kMaxTextBytes = std::size_t{8} * 1024;
  /// Without the start or end of an element or a text: a tag, a comment.
  static constexpr std::size_t kMaxSilentBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxDocumentBytes = std::size_t{16} * 1024 * 1024;

  /// `sink` outlives the reader.
  explicit XmlReader(XmlSink& sink);
  ~XmlReader();
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;

  /// kServer for what is not well-formed or over a limit; then the reader is done for.
  Result<void> feed(std::span<const std::byte> bytes);
  /// kServer when the document is not complete.
  Result<void> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The version that runs: "2.5.0".
std::string expat_version_text();

}  // namespace s3
