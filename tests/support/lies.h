#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "tests/support/delivery.h"
#include "tests/support/s3_answer.h"
#include "tests/support/s3_service.h"

namespace fake_s3 {

/// In brackets: the name on the command line, then what `number` and `text` mean.
enum class LieKind {
  // How the bytes are sent.
  kTruncate,    ///< [truncate N] the connection ends after N bytes of the body
  kReset,       ///< [reset N] likewise, by RST
  kFlip,        ///< [flip N] the byte at offset N of the object (of a text: of the body)
  kTooLong,     ///< [too-long N] N bytes more than promised, then the end
  kStall,       ///< [stall N] nothing more after N bytes (0: half); the client must leave
  kSlow,        ///< [slow N] N bytes per second
  kDelay,       ///< [delay N] N milliseconds before the answer
  kNoAnswer,    ///< [no-answer N] the connection ends without a byte; N = 1: only where it
                ///< was used before
  kCloseAfter,  ///< [close-after] the connection ends after the answer, unannounced
  kTlsFailure,  ///< [tls-failure] counts connections; method and key do not matter
  // What the answer says of itself.
  kWrongContentLength,  ///< [wrong-content-length N] N more (or fewer) than there are; then the end
  kWrongContentRange,   ///< [wrong-content-range N] the range begins N later than it does
  kIgnoreRange,         ///< [ignore-range] 200 and the whole object
  kIgnoreParts,  ///< [ignore-parts] likewise where a part is asked for, as of Ceph 16, rclone
  kPartEtags,    ///< [part-etags] a part is answered 200 with its own ETag, with which
                 ///< If-Match is compared, as by moto
  kUnpack,       ///< [unpack TEXT] TEXT instead of what has a Content-Encoding, unless
                 ///< Accept-Encoding names gzip, as Google and R2 do
  kOmitHeader,   ///< [omit-header NAME] e.g. etag; content-length: the end is the end
  kSetHeader,    ///< [set-header NAME=VALUE]
  kChange,       ///< [change N] before the answer the object becomes another one of N bytes
                 ///< (0: of the same size)
  // Another answer altogether.
  kError,               ///< [error STATUS/CODE or STATUS/CODE|MESSAGE] in a Lie: number and text
  kRefuseIfMatch,       ///< [refuse-if-match] 412 whenever it is asked for, as where ETags are weak
  kRefuseChecksumMode,  ///< [refuse-checksum-mode] 400 InvalidArgument where it is asked for, as
                        ///< Backblaze did until 2025
  kRefuseParts,         ///< [refuse-parts STATUS/N,N] where part N is asked for (no N: any part);
                        ///< S3Proxy says 501 to all
  kWrongRegion,         ///< [wrong-region REGION] 301 PermanentRedirect with the region
  kWrongHost,           ///< [wrong-host URL] 307 TemporaryRedirect to that endpoint
  kErrorIn200,          ///< [error-in-200 CODE] 200 whose body is an <Error>
  kHtml,                ///< [html STATUS] an HTML page, as proxies send it
  // XML.
  kCutXml,          ///< [cut-xml N] only the first N bytes (0: half), with a matching length
  kGarbageXml,      ///< [garbage-xml]
  kBombXml,         ///< [bomb-xml] entities that grow to gigabytes
  kEmptyListing,    ///< [empty-listing] no keys, complete
  kEmptyPage,       ///< [empty-page] no keys, truncated; its token goes on where it began
  kReversedPage,    ///< [reversed-page] keys out of order
  kSamePage,        ///< [same-page] the same page and the same token for ever
  kNoToken,         ///< [no-token] truncated, and no token
  kNoEncodingType,  ///< [no-encoding-type] url encoding was asked for and is not done
};

/// `key` of the requests that list.
inline constexpr std::string_view kListing = "listing";
inline constexpr int kAlways = std::numeric_limits<int>::max();

struct Lie {
  LieKind kind{};
  std::string method;  ///< empty: any
  std::string key;     ///< decoded, or kListing; empty: every object and bucket request
  std::int64_t number = 0;
  std::string text = {};
  int from = 1;         ///< the first of the matching requests that is lied to
  int count = kAlways;  ///< and how many from there on
};

/// "KIND:METHOD:KEY:ARG[:COUNT]", with METHOD or KEY "*" for any, COUNT a number, FROM+NUMBER or
/// "always" (which is the default). Where ARG contains a colon, COUNT must be given.
tl::expected<Lie, std::string> parse_lie(std::string_view text);

/// Which lies are told when. Thread-safe.
class LieTable {
 public:
  void add(Lie lie);
  void clear();
  /// Those that hold for this request; counts it.
  std::vector<Lie> match(const std::string& method, const std::string& key);
  /// Whether the next connection is to fail its handshake; counts it.
  bool breaks_handshake();

 private:
  struct Told {
    Lie lie;
    int seen = 0;
  };
  static bool is_due(Told& told);

  std::mutex mutex_;
  std::vector<Told> lies_;
};

const Lie* find_lie(const std::vector<Lie>& lies, LieKind kind);
ServiceLies service_lies(const std::vector<Lie>& lies);
/// What is answered without asking the service.
std::optional<Answer> answer_instead(const std::vector<Lie>& lies, const S3Request& request);
/// What is changed in an answer of the service.
void distort(Answer& answer, const std::vector<Lie>& lies);
Delivery delivery_of(const std::vector<Lie>& lies, const Answer& answer);

}  // namespace fake_s3
