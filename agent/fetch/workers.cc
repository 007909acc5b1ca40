#include "agent/fetch/workers.h"

#include <fmt/format.h>

#include <utility>

#include "agent/fetch/download.h"
#include "store/content/filesystem_limits.h"
#include "store/content/key_path.h"

namespace agent {

s3::Client& Lane::client(std::size_t source) {
  if (const auto found = clients_.find(source); found != clients_.end()) return found->second;
  const auto& run = context_.sources[source];
  auto& transport = transports_[run.config->ca_file];
  if (!transport) {
    s3::TransportOptions options;
    options.ca_file = run.config->ca_file;
    options.min_rate_bytes = context_.config.agent.min_rate_bytes;
    transport = context_.environment.make_transport(options);
  }
  return clients_.try_emplace(source, run.session, *transport).first->second;
}

namespace {

// Where the user holds back the line more connections bring nothing.
bool may_scatter(const RunContext& context) {
  return context.config.agent.limit_rate_bytes == 0 &&
         store::has_sparse_files(context.mirror.disk().filesystem_name());
}

}  // namespace

Workers::Workers(RunContext& context, std::vector<std::unique_ptr<Lane>>& lanes,
                 std::vector<Retrier*> retriers, RateLimit& rate_limit)
    : context_(context),
      lanes_(lanes),
      retriers_(std::move(retriers)),
      shared_{context.mirror.disk(),
              context.mirror.staging,
              rate_limit,
              context.halt(),
              context.received_bytes,
              context.unreadable,
              context.environment.clock,
              lanes.size(),
              may_scatter(context) ? &work_ : nullptr},
      work_(lanes.size(), context.sources.size()),
      // Nobody waits for the ledger's thread.
      done_(2 * lanes.size()) {
  for (auto* retrier : retriers_) {
    retrier->on_throttled([this](const s3::Session& session) { lower_lanes(session); });
  }
  threads_.start(lanes_.size(), [this](std::size_t lane) { run(lane); });
  if (count() == 0 || count() == lanes_.size()) return;
  work_.set_lanes(count());
  tell_of_shortage();
}

Workers::~Workers() {
  work_.close();
  done_.close();
  threads_.join();
}

void Workers::tell_of_shortage() {
  context_.environment.log.warning(
      {"", "",
       fmt::format(
           "only {} of {} downloads can run at once: no more threads could be started ({}); "
           "raise the limits of the user ('ulimit -u', 'ulimit -v'), or lower \"parallel\"",
           count(), lanes_.size(), shortage())});
}

// Sources on one server have sessions of their own: each learns for itself.
void Workers::lower_lanes(const s3::Session& session) {
  for (std::size_t i = 0; i < context_.sources.size(); ++i) {
    if (context_.sources[i].session.get() == &session) work_.lower(i);
  }
}

bool Workers::has_room(std::size_t source) const {
  return in_flight_ < capacity() && work_.queued(source) < lanes_.size();
}

void Workers::give(Work work) {
  ++in_flight_;
  work_.push(std::move(work), context_.environment.clock.steady_now());
}

std::optional<Done> Workers::next_done(std::chrono::milliseconds timeout) {
  work_.make_room(context_.environment.clock.steady_now(), kTurn);
  auto done = done_.pop_for(timeout);
  if (!done) threads_.rethrow();
  if (done) --in_flight_;
  return done;
}

void Workers::run(std::size_t lane) {
  Fetcher fetcher(shared_, *retriers_[lane]);
  while (auto work = work_.pop()) {
    if (auto* help = std::get_if<RangeHelp>(&*work)) {
      auto& client = lanes_[lane]->client(help->source);
      work_.finished(*help, help_with(*help->share, shared_, client, *help->must_go));
      continue;
    }
    auto* job = std::get_if<Job>(&*work);
    const auto source =
        job != nullptr ? job->source : std::get<SidecarJob>(*work).content.job.source;
    auto& client = lanes_[lane]->client(source);
    auto& session = *context_.sources[source].session;
    if (job != nullptr) {
      context_.at_work.set(job->wanted.key);
      const auto give_way = job->give_way;
      auto done = fetcher.fetch(std::move(*job), client, session);
      work_.finished(source, give_way);
      (void)done_.push(std::move(done));
    } else {
      auto& sidecar = std::get<SidecarJob>(*work);
      auto done = fetcher.read_sidecar(std::move(sidecar), client, session);
      work_.finished(source, nullptr);
      (void)done_.push(std::move(done));
    }
  }
}

}  // namespace agent
