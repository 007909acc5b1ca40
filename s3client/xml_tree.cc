#include "s3client/xml_tree.h"

#include <algorithm>
#include <utility>

#include "s3client/xml_reader.h"

namespace s3 {
namespace {

class Builder final : public XmlSink {
 public:
  void on_start(std::size_t /*depth*/, std::string_view name) override {
    open_.push_back({std::string(name), "", {}});
  }

  void on_end(std::size_t /*depth*/, std::string_view /*name*/, std::string_view text) override {
    XmlNode done = std::move(open_.back());
    open_.pop_back();
    if (done.children.empty()) done.text = text;
    (open_.empty() ? root : open_.back().children.emplace_back()) = std::move(done);
  }

  XmlNode root;

 private:
  std::vector<XmlNode> open_;
};

}  // namespace

const XmlNode* XmlNode::find(std::string_view child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const XmlNode& node) { return node.name == child; });
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlNode::at(std::string_view path) const {
  const XmlNode* node = this;
  while (node != nullptr && !path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    node = node->find(path.substr(0, end));
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return node == nullptr ? std::string_view{} : node->text;
}

Result<XmlNode> parse_xml(std::string_view document) {
  Builder builder;
  XmlReader reader(builder);
  if (auto fed = reader.feed(std::as_bytes(std::span(document))); !fed) return fed.error();
  if (auto ended = reader.finish(); !ended) return ended.error();
  return std::move(builder.root);
}

}  // namespace s3
