#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/retry.h"
#include "agent/fetch/fetcher.h"
#include "agent/fetch/range_share.h"
#include "agent/fetch/staging_sink.h"
#include "agent/fetch/work_queue.h"
#include "agent/proof/job.h"
#include "s3client/client.h"
#include "store/content/staging.h"

namespace agent {

/// The bytes of one content on their way into its staged file: asked for, gone on with where the
/// line was cut, and begun anew where that cannot be. A large one that one connection brings slowly
/// is offered to lanes that have nothing else to do. One lane's, which owns the transfer.
class Download {
 public:
  struct Lane {
    const Fetcher::Shared& shared;
    Retrier& retrier;
    s3::Client& client;
    s3::Session& session;
  };
  /// `request`: for the whole content. `staged`: what an earlier try left, at `path`. `head`: of
  /// the content that `staged` is from; nullopt where nothing was left.
  Download(Lane lane, const Job& job, s3::GetRequest request, std::string path,
           store::StagedFile staged, std::optional<s3::ObjectHead> head);

  enum class End {
    kComplete,  ///< the file has every byte, none of them synced
    kMoved,     ///< head() is that of another content
    kRefused,   ///< refusal() says why
    kDiskError
  };
  /// Whatever the end, no other lane works on it any more, and the file has no gap.
  End run(Retrier::Tries tries);

  const std::optional<s3::ObjectHead>& head() const { return head_; }
  const std::optional<s3::Error>& refusal() const { return refusal_; }
  const std::optional<store::Error>& disk_error() const { return disk_error_; }
  /// How many bytes are there, from the beginning on.
  std::uint64_t offset() const { return offset_; }
  /// Some of them are from an earlier try.
  bool resumed() const { return resumed_; }
  std::unique_ptr<store::File> release_file() { return std::move(file_); }

 private:
  class Sink;

  // Of these, what is optional is nullopt when there is more to do.
  End receive(Retrier::Tries& tries);
  std::optional<End> receive_piece(Retrier::Tries& tries);
  std::optional<End> after_failure(const s3::Error& error, const StagingSink& sink,
                                   Retrier::Tries& tries);
  std::optional<End> go_on_alone();
  void note_progress(Retrier::Tries& tries);
  bool next_piece();
  s3::GetRequest next_request() const;
  bool halted() const;
  bool is_worth_sharing(const StagingSink& sink) const;
  store::Status share_out(const StagingSink& sink);
  store::Status note_collected();
  store::Status stop_sharing();
  store::Status begin_anew();
  End refuse(s3::Error error);
  End fail(store::Error error);

  const Lane lane_;
  const Job& job_;
  const s3::GetRequest request_;
  const std::string path_;
  std::unique_ptr<store::File> file_;
  std::uint64_t offset_ = 0;  ///< of the piece that is asked for; of all, when nobody helps
  std::uint64_t end_ = 0;     ///< of the piece
  bool resumed_ = false;
  std::optional<s3::ObjectHead> head_;
  bool packed_ = false;         ///< asked for as it is stored
  bool unconditional_ = false;  ///< If-Match was refused for what has not changed
  std::uint64_t reached_ = 0;   ///< bytes that counted as progress
  std::optional<s3::Error> refusal_;
  std::optional<store::Error> disk_error_;

  std::shared_ptr<RangeShare> share_;
  bool may_share_ = true;
  std::uint64_t noted_bytes_ = 0;  ///< that the mark of the staged file tells
  Clock::Steady asked_{};          ///< when the request was made
  std::uint64_t asked_offset_ = 0;
};

/// Fetches pieces of a content that another lane owns, until there are none or `must_go` says so.
HelpEnd help_with(RangeShare& share, const Fetcher::Shared& shared, s3::Client& client,
                  const std::atomic<bool>& must_go);

}  // namespace agent
