#include "agent/fetch/download.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/fetch/resume.h"

// A transfer begins with one request for all that is missing, which most need no more than. Where a
// large content is slow to come that way and other lanes have nothing to do, the transfer is shared
// out: helpers bring pieces that lie ahead, each on the condition of the same ETag, into the same
// file. That file has gaps then, so a mark beside it says up to where it has none; who finds the
// mark after a crash goes on from there. Whatever way the transfer ends, the helpers have left, the
// file is cut where its first gap was, and the mark is gone: so nobody else knows of gaps.

namespace agent {
namespace {

// So much has to come before a line that is cut counts as one that works. Less is added up.
constexpr std::uint64_t kProgressBytes = std::uint64_t{16} << 10;
// The mark is told so often: what a crash takes away besides what lies behind a gap.
constexpr std::uint64_t kNotedBytes = std::uint64_t{64} << 20;
// A connection needs a moment to show its pace, and what is over in a moment needs no help.
constexpr std::chrono::milliseconds kTrialTime{250};
constexpr std::chrono::seconds kLongTime{1};
constexpr std::uint64_t kWorthSharingBytes = std::uint64_t{8} << 20;

s3::Error other_size_error() {
  return {s3::ErrorKind::kProtocol, 0, "",
          "the bytes that come are not those that were stored, even when asked for unchanged "
          "(\"Content-Encoding: gzip\"?)",
          ""};
}

}  // namespace

// The owner's: what comes before the transfer is shared out is all wanted.
class Download::Sink final : public StagingSink {
 public:
  Sink(const Into& into, Download& download) : StagingSink(into), download_(download) {}

 protected:
  std::size_t admit(std::size_t size_bytes) override {
    if (download_.is_worth_sharing(*this)) {
      if (auto shared = download_.share_out(*this); !shared) {
        fail(shared.error());
        return 0;
      }
    }
    if (!download_.share_) return size_bytes;
    return download_.share_->grant(RangeShare::kOwner, size_bytes);
  }
  void wrote(std::size_t size_bytes) override {
    if (download_.share_) download_.share_->written(RangeShare::kOwner, size_bytes);
  }

 private:
  Download& download_;
};

Download::Download(Lane lane, const Job& job, s3::GetRequest request, std::string path,
                   store::StagedFile staged, std::optional<s3::ObjectHead> head)
    : lane_(lane),
      job_(job),
      request_(std::move(request)),
      path_(std::move(path)),
      file_(std::move(staged.file)),
      offset_(staged.size_bytes),
      end_(job.wanted.upstream.size_bytes),
      resumed_(offset_ > 0),
      head_(std::move(head)),
      reached_(offset_) {}

bool Download::halted() const { return lane_.shared.halt.load() || job_.give_way->load(); }

Download::End Download::run(Retrier::Tries tries) {
  const auto end = [&] {
    try {
      return receive(tries);
    } catch (...) {
      // What the others write to goes with us.
      std::ignore = stop_sharing();
      throw;
    }
  }();
  const auto gathered = stop_sharing();
  if (gathered || end == End::kDiskError) return end;
  return fail(gathered.error());
}

Download::End Download::fail(store::Error error) {
  disk_error_ = std::move(error);
  return End::kDiskError;
}

Download::End Download::refuse(s3::Error error) {
  refusal_ = std::move(error);
  return End::kRefused;
}

Download::End Download::receive(Retrier::Tries& tries) {
  while (true) {
    if (share_ && !next_piece()) break;
    if (!share_ && head_ && offset_ == end_) return End::kComplete;
    const auto end = receive_piece(tries);
    if (end) return *end;
    if (auto noted = note_collected(); !noted) return fail(noted.error());
  }
  if (share_->is_complete()) return End::kComplete;
  return refuse({s3::ErrorKind::kAborted, 0, "", "interrupted", ""});
}

// False: all is there, or it makes no sense to wait for it.
bool Download::next_piece() {
  auto piece = share_->piece(RangeShare::kOwner);
  while (piece.size_bytes() == 0) {
    if (const auto next = share_->next_piece(RangeShare::kOwner)) {
      piece = *next;
    } else if (!share_->wait_for_piece([&] { return !halted(); })) {
      return false;
    }
  }
  offset_ = piece.begin;
  end_ = piece.end;
  return true;
}

// nullopt: there is more to do.
std::optional<Download::End> Download::receive_piece(Retrier::Tries& tries) {
  const auto& shared = lane_.shared;
  asked_ = shared.clock.steady_now();
  asked_offset_ = offset_;
  Sink sink({shared.rate_limit, shared.halt, *job_.give_way, shared.received_bytes, *file_,
             job_.wanted.upstream, offset_, head_ ? &*head_ : nullptr},
            *this);
  const auto result = lane_.client.get(next_request(), sink);
  if (sink.disk_error()) return fail(*sink.disk_error());
  if (sink.match() == StagingSink::HeadMatch::kMoved) {
    head_ = sink.head();
    return End::kMoved;
  }
  if (sink.head() && !head_) head_ = sink.head();
  offset_ = sink.offset();
  if (result && !share_) return End::kComplete;
  if (result || sink.has_enough()) {
    // Of a piece that came whole. What went wrong before is no reason to give the next one up.
    lane_.retrier.progressed(tries);
    return std::nullopt;
  }
  note_progress(tries);
  return after_failure(result.error(), sink, tries);
}

// Bytes that were thrown away to begin anew are no progress when they come again: a server that
// always promises more than it has would keep us for ever.
void Download::note_progress(Retrier::Tries& tries) {
  const auto gained = share_ ? offset_ - asked_offset_ : offset_ - std::min(offset_, reached_);
  if (gained < kProgressBytes) return;
  reached_ = std::max(reached_, offset_);
  lane_.retrier.progressed(tries);
}

// The rest of what has begun, on the condition that it still is what the first bytes are from.
s3::GetRequest Download::next_request() const {
  auto get = request_;
  get.accept_gzip = packed_;
  get.offset_bytes = offset_;
  if (end_ < job_.wanted.upstream.size_bytes) get.end_bytes = end_;
  if (!unconditional_) ask_for_rest(get, offset_, job_.wanted.upstream, head_);
  return get;
}

store::Status Download::begin_anew() {
  if (auto emptied = file_->truncate(0); !emptied) return emptied;
  offset_ = 0;
  resumed_ = false;
  head_.reset();  // what comes now may be another content, with other promises
  return {};
}

// nullopt: make the request again.
std::optional<Download::End> Download::after_failure(const s3::Error& error,
                                                     const StagingSink& sink,
                                                     Retrier::Tries& tries) {
  using HeadMatch = StagingSink::HeadMatch;
  using s3::ErrorKind;
  const bool range_failed = error.kind == ErrorKind::kProtocol ||
                            error.kind == ErrorKind::kRangeInvalid ||
                            error.kind == ErrorKind::kChanged;
  if (share_ && (range_failed || sink.match() != HeadMatch::kFits)) return go_on_alone();
  // Stored packed, and unpacked on the way, so that neither the size nor the promise can fit.
  const bool odd_size =
      sink.match() == HeadMatch::kOtherSize ||
      (sink.head() && sink.head()->size_is_listed && error.kind == ErrorKind::kProtocol);
  if (odd_size && !packed_) {
    packed_ = true;
    if (auto begun = begin_anew(); !begun) return fail(begun.error());
    return std::nullopt;
  }
  auto outcome = error;
  if (odd_size) outcome = other_size_error();
  if (sink.match() == HeadMatch::kImpostor) outcome = impostor_error();
  const bool has_condition = offset_ > 0 && !unconditional_;
  const bool unknown = sink.match() == HeadMatch::kUnknown ||
                       (offset_ > 0 && !can_resume(job_.wanted.upstream, head_));
  if (error.kind == ErrorKind::kChanged && has_condition && !unknown) {
    // It has changed, or the server compares wrongly: the answer's own ETag says which.
    unconditional_ = true;
    outcome.kind = ErrorKind::kServer;
  } else if (offset_ > 0 && must_begin_anew(error, unknown)) {
    if (auto begun = begin_anew(); !begun) return fail(begun.error());
    if (outcome.kind == ErrorKind::kAborted || outcome.kind == ErrorKind::kRangeInvalid) {
      outcome.kind = halted() ? ErrorKind::kAborted : ErrorKind::kProtocol;
    }
  }
  if (lane_.retrier.again(lane_.session, outcome, tries)) return std::nullopt;
  return refuse(std::move(outcome));
}

// What all bring is asked for on the condition of one ETag, so it has to have one.
bool Download::is_worth_sharing(const StagingSink& sink) const {
  const auto& shared = lane_.shared;
  const auto& upstream = job_.wanted.upstream;
  const auto& head = head_ ? head_ : sink.head();
  const auto at = sink.offset();
  if (share_ || !may_share_ || shared.shares == nullptr ||
      upstream.size_bytes < store::kScatteredBytes) {
    return false;
  }
  if (upstream.etag.empty() || packed_ || unconditional_ || !head || head->is_encoded ||
      head->etag != upstream.etag) {
    return false;
  }
  const auto left_bytes = static_cast<double>(upstream.size_bytes - at);
  const auto came_bytes = static_cast<double>(at - asked_offset_);
  if (left_bytes < static_cast<double>(kWorthSharingBytes)) return false;
  const std::chrono::duration<double> took = shared.clock.steady_now() - asked_;
  return took >= kTrialTime && left_bytes * took >= came_bytes * kLongTime;
}

// What is told to be there has to be on the disk before anything lies behind a gap.
store::Status Download::share_out(const StagingSink& sink) {
  const auto& shared = lane_.shared;
  noted_bytes_ = sink.offset();
  if (auto synced = file_->sync(); !synced) return synced;
  if (auto marked = shared.staging.mark_scattered(path_, noted_bytes_); !marked) return marked;
  auto request = request_;
  request.if_match = job_.wanted.upstream.etag;
  share_ =
      std::make_shared<RangeShare>(RangeShare::Content{std::move(request), job_.wanted.upstream,
                                                       head_ ? *head_ : *sink.head(), *file_},
                                   noted_bytes_, shared.lanes);
  shared.shares->offer(job_.source, share_);
  return {};
}

store::Status Download::note_collected() {
  if (!share_) return {};
  const auto collected = share_->collected_bytes();
  if (collected < noted_bytes_ + kNotedBytes) return {};
  noted_bytes_ = collected;
  if (auto synced = file_->sync(); !synced) return synced;
  return lane_.shared.staging.mark_scattered(path_, noted_bytes_);
}

store::Status Download::stop_sharing() {
  if (!share_) return {};
  lane_.shared.shares->withdraw(share_);
  share_->close();
  offset_ = share_->collected_bytes();
  end_ = job_.wanted.upstream.size_bytes;
  const auto error = share_->disk_error();
  share_.reset();
  if (error) return *error;
  return lane_.shared.staging.gather(path_, *file_, offset_);
}

// A server that does not do what the others ask for is asked as all are.
std::optional<Download::End> Download::go_on_alone() {
  may_share_ = false;
  if (auto stopped = stop_sharing(); !stopped) return fail(stopped.error());
  return std::nullopt;
}

namespace {

class HelperSink final : public StagingSink {
 public:
  HelperSink(const Into& into, RangeShare& share, RangeShare::Ticket ticket)
      : StagingSink(into), share_(share), ticket_(ticket) {}
  bool keep_going() override { return StagingSink::keep_going() && !share_.is_closed(); }

 protected:
  std::size_t admit(std::size_t size_bytes) override { return share_.grant(ticket_, size_bytes); }
  void wrote(std::size_t size_bytes) override { share_.written(ticket_, size_bytes); }

 private:
  RangeShare& share_;
  const RangeShare::Ticket ticket_;
};

enum class Brought { kAll, kSome, kNothing, kThrottled };

Brought bring(const ByteRange& piece, HelperSink& sink, RangeShare& share, s3::Client& client) {
  auto request = share.content().request;
  request.offset_bytes = piece.begin;
  request.end_bytes = piece.end;
  const auto result = client.get(request, sink);
  if (sink.disk_error()) share.fail(*sink.disk_error());
  if (result) return Brought::kAll;
  if (result.error().kind == s3::ErrorKind::kThrottled) return Brought::kThrottled;
  return sink.offset() - piece.begin >= kProgressBytes ? Brought::kSome : Brought::kNothing;
}

HelpEnd help_as(RangeShare::Ticket ticket, RangeShare& share, const Fetcher::Shared& shared,
                s3::Client& client, const std::atomic<bool>& must_go) {
  const auto& content = share.content();
  const auto may_go_on = [&] { return !shared.halt.load() && !must_go.load(); };
  auto last = Brought::kAll;
  while (last <= Brought::kSome && may_go_on()) {
    const auto piece = share.next_piece(ticket);
    if (!piece) break;
    HelperSink sink({shared.rate_limit, shared.halt, must_go, shared.received_bytes, content.file,
                     content.wanted, piece->begin, &content.head},
                    share, ticket);
    last = bring(*piece, sink, share, client);
  }
  // Who is told that there are too many leaves it to the others; who gets nothing ends it for all.
  share.leave(ticket, last == Brought::kNothing && may_go_on());
  return last == Brought::kThrottled ? HelpEnd::kThrottled : HelpEnd::kOver;
}

}  // namespace

HelpEnd help_with(RangeShare& share, const Fetcher::Shared& shared, s3::Client& client,
                  const std::atomic<bool>& must_go) {
  const auto ticket = share.join();
  if (!ticket) return HelpEnd::kOver;
  try {
    return help_as(*ticket, share, shared, client, must_go);
  } catch (...) {
    // Its owner waits until everybody has left.
    share.leave(*ticket, true);
    throw;
  }
}

}  // namespace agent
