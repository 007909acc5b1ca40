#include "tests/support/lies.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/s3_xml.h"

namespace fake_s3 {
namespace {

constexpr std::string_view kBomb =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE bomb [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">"
    "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">"
    "<!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\">"
    "<!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\"><!ENTITY i \"&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;\">]>"
    "\n<ListBucketResult><Name>&i;</Name><IsTruncated>false</IsTruncated></ListBucketResult>";

Answer text_answer(int status, std::string type, std::string text) {
  Answer answer;
  answer.status = status;
  answer.set("Content-Type", std::move(type));
  answer.text = std::move(text);
  return answer;
}

Answer wrong_region(const Lie& lie, const S3Request& request) {
  return refusal_answer({301,
                         "PermanentRedirect",
                         "The bucket you are attempting to access must be addressed using the "
                         "specified endpoint.",
                         {{"Endpoint", std::string(request.http.value_or_empty("host"))},
                          {"Bucket", request.bucket}}},
                        request, lie.text);
}

Answer wrong_host(const Lie& lie, const S3Request& request) {
  const auto scheme = lie.text.find("://");
  const std::string host = scheme == std::string::npos ? lie.text : lie.text.substr(scheme + 3);
  Answer answer =
      refusal_answer({307,
                      "TemporaryRedirect",
                      "Please re-send this request to the specified temporary endpoint.",
                      {{"Endpoint", host}, {"Bucket", request.bucket}}},
                     request, "");
  answer.set("Location", lie.text + request.http.target);
  return answer;
}

// "2,5" names 5, and nothing names all.
bool names_part(std::string_view list, std::string_view part) {
  return list.empty() ||
         fmt::format(",{},", list).find(fmt::format(",{},", part)) != std::string::npos;
}

// The answer that one lie puts in the place of the service's.
std::optional<Answer> instead(const Lie& lie, const S3Request& request) {
  const std::string message = "A fault that was asked for.";
  switch (lie.kind) {
    case LieKind::kError: {
      const auto bar = std::min(lie.text.find('|'), lie.text.size());
      const bool told = bar < lie.text.size();
      return refusal_answer({static_cast<int>(lie.number), lie.text.substr(0, bar),
                             told ? lie.text.substr(bar + 1) : message},
                            request, "us-east-1");
    }
    case LieKind::kRefuseIfMatch:
      if (request.http.find("if-match") == nullptr) return std::nullopt;
      return refusal_answer({412, "PreconditionFailed",
                             "At least one of the pre-conditions you specified did not hold"},
                            request, "us-east-1");
    case LieKind::kRefuseChecksumMode:
      if (request.http.find("x-amz-checksum-mode") == nullptr) return std::nullopt;
      return refusal_answer({400,
                             "InvalidArgument",
                             "Unsupported header 'x-amz-checksum-mode' received for this API call.",
                             {{"ArgumentName", "x-amz-checksum-mode"}}},
                            request, "us-east-1");
    case LieKind::kRefuseParts:
      if (!has_parameter(request.query, "partNumber") ||
          !names_part(lie.text, parameter(request.query, "partNumber"))) {
        return std::nullopt;
      }
      return refusal_answer({static_cast<int>(lie.number), "NotImplemented", message}, request,
                            "us-east-1");
    case LieKind::kWrongRegion:
      return wrong_region(lie, request);
    case LieKind::kWrongHost:
      return wrong_host(lie, request);
    case LieKind::kErrorIn200: {
      const std::string code = lie.text.empty() ? "InternalError" : lie.text;
      return xml_answer(error_xml({200, code, message}, request.http.path(), "4442587FB7D0A2F9"));
    }
    case LieKind::kHtml:
      return text_answer(lie.number == 0 ? 502 : static_cast<int>(lie.number), "text/html",
                         "<html><head><title>502 Bad Gateway</title></head>\n<body><center>"
                         "<h1>502 Bad Gateway</h1></center><hr><br></body></html>\n");
    case LieKind::kGarbageXml: {
      std::string garbage(512, '\0');
      const PatternContent noise(1, garbage.size());
      noise.read(0, garbage);
      return xml_answer(garbage);
    }
    case LieKind::kBombXml:
      return xml_answer(std::string(kBomb));
    default:
      return std::nullopt;
  }
}

// "bytes 5-9/10" begins, and ends, later by `shift`.
void shift_range(Answer& answer, std::int64_t shift) {
  const std::string* range = answer.find("Content-Range");
  if (range == nullptr) return;
  const std::uint64_t total = answer.content ? answer.content->size_bytes() : 0;
  const auto first = static_cast<std::int64_t>(answer.offset_bytes) + shift;
  const auto last = first + static_cast<std::int64_t>(answer.length_bytes) - 1;
  answer.set("Content-Range", fmt::format("bytes {}-{}/{}", first, last, total));
}

std::uint64_t offset_of(const Lie& lie) { return static_cast<std::uint64_t>(lie.number); }

// One lie about a request's answer.
void distort(Answer& answer, const Lie& lie) {
  const auto equals = lie.text.find('=');
  switch (lie.kind) {
    case LieKind::kCutXml:
      if (answer.content) return;
      answer.text.resize(lie.number == 0
                             ? answer.text.size() / 2
                             : std::min<std::size_t>(answer.text.size(), offset_of(lie)));
      return;
    case LieKind::kWrongContentRange:
      shift_range(answer, lie.number);
      return;
    case LieKind::kOmitHeader:
      answer.remove(lie.text);
      return;
    case LieKind::kSetHeader:
      if (equals != std::string::npos) {
        answer.set(lie.text.substr(0, equals), lie.text.substr(equals + 1));
      }
      return;
    default:
      return;
  }
}

// One lie about how it travels.
void apply(const Lie& lie, const Answer& answer, Delivery& delivery) {
  switch (lie.kind) {
    case LieKind::kReset:
      delivery.by_reset = true;
      [[fallthrough]];
    case LieKind::kTruncate:
      delivery.cut_bytes = offset_of(lie);
      return;
    case LieKind::kFlip:
      // An offset before this piece of the object wraps around to one far behind it.
      delivery.flip_bytes = offset_of(lie) - answer.offset_bytes;
      return;
    case LieKind::kTooLong:
      delivery.extra_bytes = offset_of(lie);
      return;
    case LieKind::kStall:
      delivery.stall_bytes = lie.number == 0 ? answer.body_size_bytes() / 2 : offset_of(lie);
      return;
    case LieKind::kSlow:
      delivery.bytes_per_second = offset_of(lie);
      return;
    case LieKind::kWrongContentLength:
      delivery.length_error_bytes = lie.number;
      return;
    case LieKind::kCloseAfter:
      delivery.close_after = true;
      return;
    case LieKind::kOmitHeader:
      delivery.omit_length = delivery.omit_length || lower(lie.text) == "content-length";
      return;
    default:
      return;
  }
}

}  // namespace

void LieTable::add(Lie lie) {
  const std::lock_guard lock(mutex_);
  lies_.push_back({std::move(lie)});
}

void LieTable::clear() {
  const std::lock_guard lock(mutex_);
  lies_.clear();
}

bool LieTable::is_due(Told& told) {
  const int number = ++told.seen;
  return number >= told.lie.from && number - told.lie.from < told.lie.count;
}

std::vector<Lie> LieTable::match(const std::string& method, const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::vector<Lie> due;
  for (Told& told : lies_) {
    const Lie& lie = told.lie;
    const bool matches = lie.kind != LieKind::kTlsFailure &&
                         (lie.method.empty() || lie.method == method) &&
                         (lie.key.empty() || lie.key == key);
    if (matches && is_due(told)) due.push_back(lie);
  }
  return due;
}

bool LieTable::breaks_handshake() {
  const std::lock_guard lock(mutex_);
  bool breaks = false;
  for (Told& told : lies_) {
    if (told.lie.kind == LieKind::kTlsFailure && is_due(told)) breaks = true;
  }
  return breaks;
}

const Lie* find_lie(const std::vector<Lie>& lies, LieKind kind) {
  const auto found =
      std::find_if(lies.begin(), lies.end(), [&](const Lie& lie) { return lie.kind == kind; });
  return found == lies.end() ? nullptr : &*found;
}

ServiceLies service_lies(const std::vector<Lie>& lies) {
  const auto told = [&](LieKind kind) { return find_lie(lies, kind) != nullptr; };
  ServiceLies result;
  result.object.ignore_range = told(LieKind::kIgnoreRange);
  result.object.ignore_parts = told(LieKind::kIgnoreParts);
  result.object.part_etags = told(LieKind::kPartEtags);
  if (const Lie* unpacks = find_lie(lies, LieKind::kUnpack)) result.object.unpacked = unpacks->text;
  result.listing.empty = told(LieKind::kEmptyListing);
  result.listing.empty_page = told(LieKind::kEmptyPage);
  result.listing.reversed = told(LieKind::kReversedPage);
  result.listing.same_page = told(LieKind::kSamePage);
  result.listing.no_token = told(LieKind::kNoToken);
  result.listing.no_encoding_type = told(LieKind::kNoEncodingType);
  return result;
}

std::optional<Answer> answer_instead(const std::vector<Lie>& lies, const S3Request& request) {
  for (const Lie& lie : lies) {
    if (auto answer = instead(lie, request)) return answer;
  }
  return std::nullopt;
}

void distort(Answer& answer, const std::vector<Lie>& lies) {
  for (const Lie& lie : lies) distort(answer, lie);
}

Delivery delivery_of(const std::vector<Lie>& lies, const Answer& answer) {
  Delivery delivery;
  for (const Lie& lie : lies) apply(lie, answer, delivery);
  return delivery;
}

}  // namespace fake_s3
