#include "agent/listing/lister.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/log.h"
#include "agent/listing/list_guard.h"

namespace agent {
namespace {

// A page may be empty and truncated, but a server that goes on like that is broken.
constexpr int kMaxEmptyPages = 100;
constexpr std::string_view kNullVersion = "null";

/// Where a page begins; nothing for the first.
struct PageStart {
  std::string token;     ///< of a listing of objects
  std::string key;       ///< of objects: start-after; of versions: the key marker
  std::string version;   ///< of versions: its own marker
  bool asks_on = false;  ///< the listing has said that it is complete
};

/// Finds a circle of any length (Brent).
class Landmark {
 public:
  bool comes_again(const std::string& name) {
    if (seen_ > 0 && name == landmark_) return true;
    if (++seen_ == next_) {
      landmark_ = name;
      next_ *= 2;
    }
    return false;
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t next_ = 1;
  std::string landmark_;
};

class Lister {
 public:
  Lister(s3::Client& client, s3::Session& session, Retrier& retrier, const Halt& halt,
         const ListRequest& request, const VisitPage& visit)
      : client_(client),
        session_(session),
        retrier_(retrier),
        halt_(halt),
        request_(request),
        visit_(visit),
        guard_(request.versions) {}

  s3::Result<ListEnd> run() {
    while (true) {
      auto page = retrier_.run<s3::ListPage>(session_, [&] { return ask(); });
      if (!page) return page.error();
      if (auto took = hand_over(*page); !took) return took.error();
      if (end_.out_of_order) return std::move(end_);
      const auto next = page->truncated ? go_on(*page) : end(*page);
      if (!next) return next.error();
      if (done_) return std::move(end_);
      was_truncated_ = page->truncated;
      marker_ = *next;
    }
  }

 private:
  s3::Result<s3::ListPage> ask() {
    const auto keep_going = [this] { return !halt_.load(); };
    if (request_.versions) {
      return client_.list_versions_page(request_.prefix, marker_.key, marker_.version, keep_going);
    }
    if (marker_.token.empty() && !marker_.key.empty()) {
      return client_.list_page_after(request_.prefix, marker_.key, keep_going);
    }
    return client_.list_page(request_.prefix, marker_.token, keep_going);
  }

  static s3::Error broken(const std::string& what) {
    return {s3::ErrorKind::kServer, 200, "", "the listing " + what, ""};
  }

  s3::Result<void> hand_over(s3::ListPage& page) {
    if (end_.odd_entries == 0) end_.first_odd = page.first_odd;
    end_.odd_entries += page.odd_entries;
    was_empty_ = page.objects.empty();
    // The markers of the protocol speak of the page as it came, and not of what is new in it.
    if (auto sifted = request_.in_order ? sift(page) : sift_any(page); !sifted) return sifted;
    if (end_.out_of_order) return {};
    if (halt_.load()) return interrupted();
    if (!visit_(page)) return interrupted();
    has_news_ = !page.objects.empty();
    empty_pages_ = has_news_ ? 0 : empty_pages_ + 1;
    if (page.truncated && empty_pages_ > kMaxEmptyPages) return broken("has no keys and no end");
    if (marker_.asks_on && has_news_) note_behind_end(page);
    return {};
  }

  static s3::Error interrupted() { return {s3::ErrorKind::kAborted, 0, "", "interrupted", ""}; }

  // In no order, a circle shows in a page that begins as one did before.
  s3::Result<void> sift_any(s3::ListPage& page) {
    if (page.objects.empty()) return {};
    const auto first = page.objects.front().key + '\n' + page.objects.front().version_id;
    if (marker_.asks_on && first == first_of_listing_) page.objects.clear();
    if (first_of_listing_.empty()) first_of_listing_ = first;
    const auto last = std::exchange(last_of_page_, last_of(page));
    if (marker_.asks_on && last && !page.objects.empty() && page.objects.front().key == last->key) {
      page.objects.erase(page.objects.begin());
    }
    if (!page.objects.empty() && first_entries_.comes_again(first)) {
      return broken("names the same keys again, and so goes round in a circle");
    }
    return {};
  }

  std::optional<s3::ListedObject> last_of(const s3::ListPage& page) const {
    if (page.objects.empty()) return last_of_page_;
    return page.objects.back();
  }

  s3::Result<void> sift(s3::ListPage& page) {
    last_of_page_ = last_of(page);
    if (marker_.asks_on) drop_known(page);
    if (is_from_the_start(page)) {
      return broken("is truncated, does not say where it goes on, and ignores start-after");
    }
    switch (guard_.sift(page)) {
      case ListGuard::PageOrder::kGood:
        return {};
      case ListGuard::PageOrder::kOutOfOrder:
        end_.out_of_order = true;
        return {};
      case ListGuard::PageOrder::kBroken:
        return broken(guard_.defect());
    }
    return {};
  }

  // A server that gave no token, and does not know the parameter that we go on with.
  bool is_from_the_start(const s3::ListPage& page) const {
    return !request_.versions && !marker_.asks_on && !marker_.key.empty() &&
           !page.objects.empty() && guard_.last() != nullptr &&
           page.objects.front().key < guard_.last()->key;
  }

  // Asked on, a server may begin with the key itself, or ignore where it was to begin.
  void drop_known(s3::ListPage& page) const {
    const auto* last = guard_.last();
    if (last == nullptr || page.objects.empty()) return;
    const bool drops_key =
        !request_.versions || marker_.version.empty() || page.objects.front().key < last->key;
    std::erase_if(page.objects, [&](const s3::ListedObject& object) {
      return object.key < last->key || (drops_key && object.key == last->key);
    });
  }

  void note_behind_end(const s3::ListPage& page) {
    // Behind a "null" that the server misunderstood there is no end that it had claimed.
    if (std::exchange(after_null_, false)) {
      null_misleads_ = true;
      return;
    }
    if (null_misleads_) return;
    for (const auto& object : page.objects) {
      auto& oldest = end_.oldest_behind_end;
      oldest = oldest ? std::min(*oldest, object.last_modified) : object.last_modified;
    }
  }

  // The page says that there is more.
  s3::Result<PageStart> go_on(const s3::ListPage& page) {
    if (marker_.asks_on && !has_news_) return finish();
    if (request_.versions) return go_on_with_versions(page);
    if (!page.next_token.empty()) {
      if (tokens_.comes_again(page.next_token)) {
        return broken(
            fmt::format("gives the continuation token \"{}\" again, and so goes round in "
                        "a circle",
                        printable(page.next_token)));
      }
      return PageStart{page.next_token, "", "", false};
    }
    if (!has_news_) return broken("is truncated, and does not say where it goes on");
    return PageStart{"", last_of_page_->key, "", false};
  }

  s3::Result<PageStart> go_on_with_versions(const s3::ListPage& page) {
    PageStart next{"", page.next_token, page.next_version_marker, false};
    const bool is_last =
        last_of_page_ && !was_empty_ && (next.key.empty() || next.key == last_of_page_->key);
    if (is_last) {
      if (next.key.empty()) next = {"", last_of_page_->key, last_of_page_->version_id, false};
      const auto& own = last_of_page_->version_id;
      // Swift says "null" whatever the version is.
      if (next.version == kNullVersion && !own.empty()) next.version = own;
      if (next.version == kNullVersion && null_misleads_) next.version.clear();
    }
    if (tokens_.comes_again(next.key + '\n' + next.version)) {
      return broken(fmt::format("gives the key marker \"{}\" again, and so goes round in a circle",
                                printable(next.key)));
    }
    return next;
  }

  // The page says that it is the last.
  s3::Result<PageStart> end(const s3::ListPage& page) {
    if (marker_.asks_on) {
      if (has_news_) return after_last();
      if (!page.unclean.empty() && !was_empty_) return broken(page.unclean);
      return finish();
    }
    if (!last_of_page_) {
      if (!page.unclean.empty()) return broken(page.unclean);
      return finish();
    }
    const bool is_odd_end = !page.unclean.empty() || (was_empty_ && was_truncated_);
    if (is_odd_end || (request_.asks_on && request_.asks_on(last_entry().key))) return after_last();
    return finish();
  }

  s3::Result<PageStart> after_last() {
    end_.asked_on = true;
    const auto& last =
        request_.in_order && guard_.last() != nullptr ? *guard_.last() : *last_of_page_;
    PageStart next{"", last.key, "", true};
    if (request_.versions && last.version_id != kNullVersion) next.version = last.version_id;
    after_null_ = was_empty_ && was_truncated_ && marker_.version == kNullVersion;
    return next;
  }

  const s3::ListedObject& last_entry() const {
    return request_.in_order && guard_.last() != nullptr ? *guard_.last() : *last_of_page_;
  }

  s3::Result<PageStart> finish() {
    done_ = true;
    return PageStart{};
  }

  s3::Client& client_;
  s3::Session& session_;
  Retrier& retrier_;
  const Halt& halt_;
  const ListRequest& request_;
  const VisitPage& visit_;

  ListGuard guard_;
  Landmark tokens_;
  Landmark first_entries_;
  std::string first_of_listing_;
  PageStart marker_;
  ListEnd end_;
  std::optional<s3::ListedObject> last_of_page_;  ///< of the last page that was not empty
  int empty_pages_ = 0;
  bool was_truncated_ = false;  ///< the page before
  bool was_empty_ = false;      ///< this page, as it came
  bool has_news_ = false;
  bool after_null_ = false;
  bool null_misleads_ = false;
  bool done_ = false;
};

}  // namespace

s3::Result<ListEnd> list_bucket(s3::Client& client, s3::Session& session, Retrier& retrier,
                                const Halt& halt, const ListRequest& request,
                                const VisitPage& visit) {
  return Lister(client, session, retrier, halt, request, visit).run();
}

}  // namespace agent
