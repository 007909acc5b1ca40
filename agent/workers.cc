#include "agent/workers.h"

#include <utility>

namespace agent {

s3::Client& Lane::client(std::size_t source) {
  if (const auto found = clients_.find(source); found != clients_.end()) return found->second;
  const auto& run = context_.sources[source];
  auto& transport = transports_[run.config->ca_file];
  if (!transport) {
    s3::TransportOptions options;
    options.ca_file = run.config->ca_file;
    transport = context_.environment.make_transport(options);
  }
  return clients_.try_emplace(source, run.session, *transport).first->second;
}

Workers::Workers(RunContext& context, std::vector<std::unique_ptr<Lane>>& lanes,
                 std::vector<std::unique_ptr<Retrier>>& retriers, RateLimit& rate_limit)
    : context_(context),
      lanes_(lanes),
      retriers_(retriers),
      shared_{*context.mirror.disk, rate_limit, context.environment.stop, context.received_bytes},
      // Twice as many as threads, so that none waits for the ledger's thread.
      capacity_(2 * lanes.size()),
      work_(capacity_),
      done_(capacity_) {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    threads_.emplace_back([this, lane] { run(lane); });
  }
}

Workers::~Workers() {
  work_.close();
  done_.close();
  for (auto& thread : threads_) thread.join();
}

void Workers::give(Work work) {
  ++in_flight_;
  (void)work_.push(std::move(work));
}

std::optional<Done> Workers::take(std::chrono::milliseconds timeout) {
  auto done = done_.pop_for(timeout);
  if (done) --in_flight_;
  return done;
}

void Workers::run(std::size_t lane) {
  Fetcher fetcher(shared_, *retriers_[lane]);
  while (auto work = work_.pop()) {
    if (auto* job = std::get_if<Job>(&*work)) {
      const auto source = job->source;
      (void)done_.push(fetcher.fetch(std::move(*job), lanes_[lane]->client(source),
                                     *context_.sources[source].session));
    } else {
      auto& sidecar = std::get<SidecarJob>(*work);
      const auto source = sidecar.content.job.source;
      (void)done_.push(fetcher.read_sidecar(std::move(sidecar), lanes_[lane]->client(source),
                                            *context_.sources[source].session));
    }
  }
}

}  // namespace agent
