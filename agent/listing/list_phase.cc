#include "agent/listing/list_phase.h"

#include <chrono>
#include <optional>

#include "agent/base/log.h"
#include "agent/base/upstream_date.h"
#include "agent/listing/list_guard.h"
#include "agent/listing/lister.h"
#include "agent/listing/listing_end.h"
#include "agent/listing/listing_memory.h"
#include "agent/listing/listing_report.h"
#include "agent/listing/missing_keys.h"
#include "agent/listing/nothing_watch.h"
#include "agent/listing/returned.h"

namespace agent {
namespace {

// A server can name new keys for ever. A million of them takes minutes.
constexpr std::chrono::hours kLongestListing{12};

constexpr std::size_t kPlannedAtOnce = 1000;

store::ListedEntry entry_of(const s3::ListedObject& object) {
  return {object.key,
          {object.etag, object.size_bytes, object.version_id},
          upstream_time(object.last_modified),
          object.storage_class,
          object.is_latest,
          object.is_delete_marker};
}

s3::ListedObject object_of(const store::ListedEntry& entry) {
  return {entry.key,
          entry.upstream.etag,
          entry.upstream.size_bytes,
          server_date(entry.last_modified),
          entry.storage_class,
          entry.upstream.version_id,
          entry.is_latest,
          entry.is_delete_marker};
}

// One source's listing, from the first page to the plan.
class SourceListing {
 public:
  SourceListing(RunContext& context, SourceRun& source, s3::Client& client, Retrier& retrier)
      : context_(context),
        source_(source),
        client_(client),
        retrier_(retrier),
        ledger_(context.mirror.ledger),
        was_(source.listing) {}

  store::Status run(const PageFeed& listing,
                    const std::function<store::Status(store::Ledger::Plan&)>& inspect) {
    const auto before = ledger_.totals(source_.id);
    if (!before) return before.error();
    source_.listed_before = before->listed_at;
    source_.doubt_after = before->doubt_after;
    hold_since_ = before->hold_since;
    const auto straight = [&](bool in_order) {
      return list(listing_of(context_, source_, client_, retrier_, in_order));
    };
    if (auto listed = listing ? list(listing) : straight(was_.in_order); !listed) return listed;
    if (end_ && end_->out_of_order) {
      if (auto listed = straight(false); !listed) return listed;
    }
    report_corrected_region(context_, source_);
    if (failure_) {
      report_failed_listing(context_, source_, *failure_);
      return {};
    }
    if (auto concluded = conclude(); !concluded) return concluded;
    const auto& figures = planner_->figures();
    show_figures(context_, source_, figures);
    report_long_keys(context_, source_, figures);
    // Told when it was refused, and not held: so never nothing, whether its alarm is open or not.
    if (figures.unreadable + figures.broken > 0) context_.fail_source(source_, ExitStatus::kAlarm);
    const Sifted sifted{figures.listed, figures.matched, planner_->dropped()};
    if (inspect) {
      auto warned = warn_of_nothing(context_, source_, sifted, client_);
      return warned ? inspect(*plan_) : warned;
    }
    // In the plan's transaction.
    if (end_->odd_entries == 0) {
      if (auto seen = watch_for_nothing(context_, source_, sifted, client_); !seen) return seen;
    }
    if (auto committed = plan_->commit(); !committed) return committed;
    report_alarms();
    const bool any_returned = figures.returned > 0 && !figures.on_hold;
    planner_.reset();
    plan_.reset();
    if (any_returned) {
      if (auto taken = reinstate_returned(context_, source_); !taken) return taken;
    }
    const auto skew = context_.clock_skew(source_).value_or(std::chrono::milliseconds::zero());
    const bool was_cut =
        is_proof_of_cutting(*end_, was_.begun + std::chrono::floor<std::chrono::seconds>(skew));
    return remember_listing(context_, source_, {was_cut, in_order_, end_->asked_on});
  }

 private:
  bool is_of_versions() const { return source_.config->versions == Versions::kAll; }

  // Made with the server's first answer: before it nobody knows whether our clock is right.
  void begin() {
    if (planner_) return;
    planner_.emplace(*plan_, *source_.config, hold_since_, context_.now(source_));
    if (was_.is_first) planner_->set_base_line();
    if (source_.wants_refused) planner_->want_refused();
  }

  store::Status list(const PageFeed& feed) {
    planner_.reset();
    plan_.reset();
    end_.reset();
    in_order_ = feed.in_order;
    auto plan = ledger_.begin_plan(source_.id, source_.config->prefix);
    if (!plan) return plan.error();
    plan_.emplace(*std::move(plan));
    auto listed = feed.hand_over([this](const s3::ListPage& page) {
      planned_ = plan_page(page);
      return planned_.has_value();
    });
    if (!planned_) return planned_;
    if (!listed) {
      failure_ = listed.error();
      return {};
    }
    end_ = *std::move(listed);
    return in_order_ ? store::Status{} : plan_sorted();
  }

  store::Status plan_page(const s3::ListPage& page) {
    begin();
    if (in_order_) return planner_->plan_page(page.objects);
    for (const auto& object : page.objects) {
      if (const auto kept = plan_->set_aside(entry_of(object)); !kept) return kept.error();
    }
    return {};
  }

  // What is not in the order of the keys is sorted by the database, in a table on the disk.
  store::Status plan_sorted() {
    begin();
    ListGuard guard(is_of_versions());
    s3::ListPage page;
    const auto flush = [&] {
      if (guard.sift(page) != ListGuard::PageOrder::kGood) {
        failure_ = s3::Error{s3::ErrorKind::kServer, 200, "", "the listing " + guard.defect(), ""};
        return false;
      }
      planned_ = planner_->plan_page(page.objects);
      page.objects.clear();
      return planned_.has_value();
    };
    auto visited = plan_->visit_aside([&](const store::ListedEntry& entry) {
      page.objects.push_back(object_of(entry));
      return page.objects.size() < kPlannedAtOnce || flush();
    });
    if (!visited) return visited;
    if (planned_ && !failure_) flush();
    return planned_;
  }

  store::Status conclude() {
    begin();
    if (auto ended = planner_->end(); !ended) return ended;
    const auto absence = meaning_of_absence(context_, source_, client_, retrier_, *end_, *planner_);
    const bool is_whole = absence == Planner::Absence::kMeansGone;
    source_.listed =
        is_whole ? SourceRun::ListingResult::kWhole : SourceRun::ListingResult::kInDoubt;
    return planner_->finish(absence);
  }

  void report_alarms() const {
    if (const auto& tripped = planner_->tripped()) {
      context_.report_one_of(source_, store::AlarmKind::kMassChange, "", *tripped);
    }
    for (const auto& [key, message] : planner_->returned()) {
      context_.report_one_of(source_, store::AlarmKind::kChanged, key, message);
    }
  }

  RunContext& context_;
  SourceRun& source_;
  s3::Client& client_;
  Retrier& retrier_;
  store::Ledger& ledger_;
  const ListingMemory was_;

  std::optional<store::Time> hold_since_;
  std::optional<store::Ledger::Plan> plan_;
  std::optional<Planner> planner_;
  std::optional<ListEnd> end_;
  std::optional<s3::Error> failure_;
  store::Status planned_;  ///< the disk's word
  bool in_order_ = true;
};

}  // namespace

PageFeed listing_of(const RunContext& context, const SourceRun& source, s3::Client& client,
                    Retrier& retrier, bool in_order) {
  return {
      in_order, [&context, &source, &client, &retrier, in_order](const VisitPage& visit) {
        auto& clock = context.environment.clock;
        const auto halt = context.halt().at_latest(clock, clock.steady_now() + kLongestListing);
        const auto& was = source.listing;
        const ListRequest request{
            source.config->prefix, source.config->versions == Versions::kAll, in_order,
            [&](const std::string& last_key) { return is_end_in_doubt(was, in_order, last_key); }};
        return list_bucket(client, *source.session, retrier, halt, request, visit);
      }};
}

store::Status list_source(RunContext& context, SourceRun& source, s3::Client& client,
                          Retrier& retrier,
                          const std::function<store::Status(store::Ledger::Plan&)>& inspect,
                          const PageFeed& listing) {
  return SourceListing(context, source, client, retrier).run(listing, inspect);
}

}  // namespace agent
