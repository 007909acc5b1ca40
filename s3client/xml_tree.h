#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "s3client/error.h"

namespace s3 {

/// An element of a small document, in memory.
struct XmlNode {
  std::string name;
  std::string text;  ///< of an element that has no children
  std::vector<XmlNode> children;

  /// The first child of this name; nullptr: there is none.
  const XmlNode* find(std::string_view child) const;
  /// The text of the element at "a/b/c" below this one; empty where there is none.
  std::string_view at(std::string_view path) const;
};

/// The root of a document. kServer for what the reader refuses; see XmlReader.
Result<XmlNode> parse_xml(std::string_view document);

}  // namespace s3
