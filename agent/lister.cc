#include "agent/lister.h"

#include <optional>

namespace agent {
namespace {

// A page may be empty and truncated, but a server that goes on like that is broken.
constexpr int kMostEmptyPages = 100;

s3::Error broken(std::string what) {
  return {s3::ErrorKind::kServer, 200, "", "the listing " + std::move(what), ""};
}

// What a well-behaved listing never does.
class Guard {
 public:
  std::optional<s3::Error> check(const s3::ListPage& page, const std::string& asked_token) {
    if (page.truncated && page.next_token == asked_token) {
      return broken("repeats its continuation token and would never end");
    }
    empty_pages_ = page.objects.empty() ? empty_pages_ + 1 : 0;
    if (page.truncated && empty_pages_ > kMostEmptyPages) return broken("has no keys and no end");
    for (const auto& object : page.objects) {
      if (object.key <= last_key_ && any_) {
        return broken("is not in the order of the keys, or names one twice");
      }
      last_key_ = object.key;
      any_ = true;
    }
    return std::nullopt;
  }

 private:
  int empty_pages_ = 0;
  bool any_ = false;
  std::string last_key_;
};

}  // namespace

s3::Result<void> list_all(s3::Client& client, s3::Session& session, Retrier& retrier,
                          const StopFlag& stop, const std::string& prefix,
                          const std::function<bool(const s3::ListPage&)>& take) {
  Guard guard;
  std::string token;
  while (true) {
    const auto page = retrier.run<s3::ListPage>(
        session, [&] { return client.list_page(prefix, token, [&] { return !stop.load(); }); });
    if (!page) return tl::unexpected(page.error());
    if (auto error = guard.check(*page, token)) return tl::unexpected(std::move(*error));
    if (stop.load() || !take(*page)) {
      return tl::unexpected(s3::Error{s3::ErrorKind::kAborted, 0, "", "interrupted", ""});
    }
    if (!page->truncated) return {};
    token = page->next_token;
  }
}

}  // namespace agent
