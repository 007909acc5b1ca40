#include "agent/listing/missing_keys.h"

#include <fmt/format.h>

#include <string>

#include "agent/base/failure.h"
#include "agent/base/failure_meaning.h"
#include "agent/base/key_reading.h"
#include "agent/base/log.h"
#include "agent/base/printable.h"

namespace agent {
namespace {

using Absence = Planner::Absence;

void report_listing_in_doubt(RunContext& context, SourceRun& source, const std::string& what) {
  context.fail_source(source, ExitStatus::kIncomplete);
  context.report(source, "", what + "; what is missing from it is not taken for gone");
}

s3::Result<s3::ObjectHead> head_of(const SourceRun& source, s3::Client& client, Retrier& retrier,
                                   const std::string& key) {
  s3::GetRequest request;
  request.key = key;
  const auto other = source.other_reading ? other_reading(key) : std::nullopt;
  if (other) request.key = *other;
  return retrier.run<s3::ObjectHead>(*source.session, [&] { return client.head(request); });
}

// An empty listing is how a stolen bucket looks, whatever it says of itself.
Absence meaning_where_empty(Planner& planner, const std::string& key, bool bucket_has_it) {
  if (bucket_has_it) {
    planner.set_reason(
        fmt::format("The bucket still has \"{}\", so the listing is wrong.", printable(key)));
  }
  return Absence::kMeansGone;
}

}  // namespace

Absence meaning_of_absence(RunContext& context, SourceRun& source, s3::Client& client,
                           Retrier& retrier, const ListEnd& end, Planner& planner) {
  const auto doubt = [&](const std::string& what) {
    report_listing_in_doubt(context, source, what);
    return Absence::kMeansNothing;
  };
  if (end.odd_entries > 0) {
    return doubt(
        fmt::format("the listing has {} that cannot be understood and {} left out; the first: {}",
                    end.odd_entries == 1 ? "an entry" : fmt::format("{} entries", end.odd_entries),
                    end.odd_entries == 1 ? "is" : "are", end.first_odd));
  }
  const auto& missing = planner.missing();
  if (!missing) return Absence::kMeansGone;
  const auto head = head_of(source, client, retrier, *missing);
  if (planner.figures().listed == 0) {
    return meaning_where_empty(planner, *missing, head.has_value());
  }
  if (head) {
    return doubt(fmt::format(
        "the listing claims to be complete, but leaves out \"{}\", which the bucket has",
        printable(*missing)));
  }
  const auto meaning = meaning_of(head.error());
  if (meaning != FailureMeaning::kRetry && meaning != FailureMeaning::kStopped) {
    return Absence::kMeansGone;
  }
  return doubt(fmt::format(
      "\"{}\" is missing from the listing, and the bucket could not be asked for it: {}",
      printable(*missing), explain(head.error(), "s3:GetObject")));
}

}  // namespace agent
