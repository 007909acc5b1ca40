#include "agent/listing/lister.h"

#include <algorithm>
#include <set>

#include "s3client/curl_transport.h"
#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_transport.h"

using fake_s3::LieKind;
using s3::ErrorKind;
using s3::ListedObject;

namespace {

struct Listed {
  s3::Result<void> result;
  std::vector<ListedObject> objects;
  std::size_t pages = 0;
  agent::ListEnd end;
};

/// What the lister needs, on any transport.
struct Reader {
  Reader(const std::string& endpoint, s3::Transport& to) : transport(to) {
    s3::SessionOptions options;
    options.endpoint = endpoint;
    options.bucket = "b";
    options.now = [this] { return clock.now(); };
    options.credentials = []() -> s3::Result<s3::Credentials> {
      return s3::Credentials{fake_s3::reader().access_key_id,
                             s3::Secret(fake_s3::reader().secret_access_key), s3::Secret("")};
    };
    session = s3::Session::open(std::move(options)).value();
  }

  Listed run(bool versions, const std::string& prefix) {
    Listed listed;
    s3::Client client(session, transport);
    agent::Retrier retrier(3, clock, stop, 1);
    const agent::ListRequest request{prefix, versions, in_order,
                                     [this](const auto&) { return asks_on; }};
    const auto end =
        agent::list_bucket(client, *session, retrier, stop, request, [&](const auto& page) {
          ++listed.pages;
          listed.objects.insert(listed.objects.end(), page.objects.begin(), page.objects.end());
          return listed.pages != refuse_page;
        });
    if (end) {
      listed.end = *end;
    } else {
      listed.result = end.error();
    }
    return listed;
  }
  Listed versions(const std::string& prefix = "") { return run(true, prefix); }
  Listed keys(const std::string& prefix = "") { return run(false, prefix); }

  test::ManualClock clock;
  agent::StopFlag stop{false};
  s3::Transport& transport;
  std::shared_ptr<s3::Session> session;
  std::size_t refuse_page = 0;
  bool in_order = true;
  bool asks_on = false;
};

/// The bucket "b" of a server that keeps versions.
struct ListerWorld {
  ListerWorld() {
    server->make_bucket("b");
    server->keep_versions("b");
  }

  std::unique_ptr<fake_s3::Server> server = fake_s3::Server::start({}).value();
  std::unique_ptr<s3::Transport> transport = s3::make_curl_transport({});
  Reader reader{server->url(), *transport};
};

/// A server that says what it is told to.
struct Script {
  void answer(const std::string& inside) {
    transport.answer({200, {}, "<ListVersionsResult>" + inside + "</ListVersionsResult>"});
  }
  void page(const std::string& versions, const std::string& key = "",
            const std::string& version_id = "") {
    if (key.empty()) return answer("<IsTruncated>false</IsTruncated>" + versions);
    answer("<IsTruncated>true</IsTruncated><NextKeyMarker>" + key +
           "</NextKeyMarker><NextVersionIdMarker>" + version_id + "</NextVersionIdMarker>" +
           versions);
  }

  ScriptedTransport transport{1024};
  Reader reader{"http://127.0.0.1:1", transport};
};

std::string version(const std::string& key, const std::string& id, bool is_latest = false) {
  return "<Version><Key>" + key + "</Key><VersionId>" + id + "</VersionId><IsLatest>" +
         (is_latest ? "true" : "false") + "</IsLatest><Size>1</Size></Version>";
}

std::vector<std::string> described(const std::vector<ListedObject>& objects) {
  std::vector<std::string> lines;
  for (const auto& object : objects) {
    lines.push_back(object.key + (object.is_latest ? " latest" : "") +
                    (object.is_delete_marker ? " deleted" : " " + object.etag));
  }
  return lines;
}

}  // namespace

TEST_CASE("every version and delete marker is listed, the newest of a key first", "[lister]") {
  ListerWorld world;
  const auto& server = world.server;
  const std::string first = server->put("b", "a", "first");
  const std::string second = server->put("b", "a", "second");
  const std::string gone = server->put("b", "b", "uploaded, overwritten and deleted in between");
  const std::string over = server->put("b", "b", "overwritten");
  server->erase("b", "b");
  const std::string other = server->put("b", "elsewhere", "other");
  const auto listed = world.reader.versions();
  REQUIRE(listed.result.has_value());
  const std::vector<std::string> expected = {"a latest " + second, "a " + first,
                                             "b latest deleted",   "b " + over,
                                             "b " + gone,          "elsewhere latest " + other};
  CHECK(described(listed.objects) == expected);
  std::set<std::string> ids;
  for (const auto& object : listed.objects) ids.insert(object.version_id);
  CHECK(ids.size() == listed.objects.size());
  CHECK(world.reader.versions("else").objects.size() == 1);
}

TEST_CASE("more versions of one key than a page holds are all listed", "[lister]") {
  ListerWorld world;
  constexpr std::size_t kVersions = 250;
  world.server->put("b", "a", "before");
  std::vector<std::string> etags;
  for (std::size_t i = 0; i < kVersions; ++i) {
    etags.push_back(world.server->put("b", "k 100%+/x", std::to_string(i)));
  }
  world.server->put("b", "z", "after");
  world.server->set_page_keys(GENERATE(100U, 10U));
  const auto listed = world.reader.versions();
  REQUIRE(listed.result.has_value());
  REQUIRE(listed.objects.size() == kVersions + 2);
  CHECK(listed.pages >= 3);
  for (std::size_t i = 0; i < kVersions; ++i) {
    REQUIRE(listed.objects[i + 1].etag == etags[kVersions - 1 - i]);
    REQUIRE(listed.objects[i + 1].is_latest == (i == 0));
  }
}

TEST_CASE("a page may end anywhere in the versions of a key", "[lister]") {
  ListerWorld world;
  for (const char* key : {"a", "b", "c+d"}) {
    for (int i = 0; i < 3; ++i) world.server->put("b", key, key + std::to_string(i));
    world.server->erase("b", key);
  }
  const auto whole = world.reader.versions();
  REQUIRE(whole.objects.size() == 12);
  world.server->set_page_keys(GENERATE(1U, 2U, 3U, 4U, 5U, 11U));
  const auto listed = world.reader.versions();
  REQUIRE(listed.result.has_value());
  CHECK(described(listed.objects) == described(whole.objects));
}

TEST_CASE("objects from before the versioning have the version null, and keep it", "[lister]") {
  auto server = fake_s3::Server::start({}).value();
  server->put("b", "k", "old");
  server->put("b", "l", "old");
  server->keep_versions("b");
  server->put("b", "k", "new");
  server->set_page_keys(1);
  const auto transport = s3::make_curl_transport({});
  Reader reader(server->url(), *transport);
  const auto listed = reader.versions();
  REQUIRE(listed.result.has_value());
  REQUIRE(listed.objects.size() == 3);
  CHECK(listed.objects[0].version_id != "null");
  CHECK(listed.objects[1].version_id == "null");
  CHECK_FALSE(listed.objects[1].is_latest);
  CHECK(listed.objects[2].version_id == "null");
  CHECK(listed.objects[2].is_latest);
}

TEST_CASE("a bucket without versioning lists one version of each key", "[lister]") {
  auto server = fake_s3::Server::start({}).value();
  server->make_synthetic_bucket("b", 2345);
  const auto transport = s3::make_curl_transport({});
  Reader reader(server->url(), *transport);
  const auto versions = reader.versions();
  REQUIRE(versions.result.has_value());
  CHECK(std::all_of(versions.objects.begin(), versions.objects.end(), [](const auto& object) {
    return object.version_id == "null" && object.is_latest && !object.is_delete_marker;
  }));
  const auto keys = reader.keys();
  REQUIRE(keys.result.has_value());
  CHECK(described(versions.objects) == described(keys.objects));
}

TEST_CASE("an empty bucket has an empty listing of versions", "[lister]") {
  ListerWorld world;
  const auto listed = world.reader.versions();
  CHECK(listed.result.has_value());
  CHECK(listed.objects.empty());
  CHECK(listed.pages == 1);
}

TEST_CASE("a page of versions that breaks once is asked for again, and counted once", "[lister]") {
  ListerWorld world;
  for (int i = 0; i < 10; ++i) world.server->put("b", "k", std::to_string(i));
  world.server->set_page_keys(4);
  const auto kind = GENERATE(LieKind::kCutXml, LieKind::kGarbageXml, LieKind::kErrorIn200,
                             LieKind::kTruncate, LieKind::kNoAnswer);
  fake_s3::Lie lie{kind, "GET", std::string(fake_s3::kListing), 0};
  lie.from = 2;
  lie.count = 1;
  world.server->lie(lie);
  const auto listed = world.reader.versions();
  REQUIRE(listed.result.has_value());
  CHECK(listed.objects.size() == 10);
  CHECK(listed.pages == 3);
}

TEST_CASE("a listing of versions that does not end cleanly is no success", "[lister]") {
  ListerWorld world;
  for (int i = 0; i < 10; ++i) world.server->put("b", "k", std::to_string(i));
  for (int i = 0; i < 10; ++i) world.server->put("b", "l", std::to_string(i));
  world.server->set_page_keys(4);
  const auto kind = GENERATE(LieKind::kCutXml, LieKind::kSamePage, LieKind::kHtml);
  fake_s3::Lie lie{kind, "GET", std::string(fake_s3::kListing), 0};
  // Only from the third page on: in time to be taken for the end.
  lie.from = 3;
  world.server->lie(lie);
  const auto listed = world.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().kind == ErrorKind::kServer);
  CHECK_FALSE(s3::has_no_version_listing(listed.result.error()));
  CHECK(listed.objects.size() <= 12);
}

TEST_CASE("a server without a listing of versions is asked once", "[lister]") {
  ListerWorld world;
  world.server->put("b", "k", "x");
  fake_s3::Lie lie{LieKind::kError, "GET", std::string(fake_s3::kListing), 501, "NotImplemented"};
  world.server->lie(lie);
  const auto listed = world.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(s3::has_no_version_listing(listed.result.error()));
  CHECK(listed.pages == 0);
  CHECK(world.server->journal().size() == 1);
  CHECK(world.reader.session->refused_options().empty());
}

TEST_CASE("a listing of versions ends when nobody wants it any more", "[lister]") {
  ListerWorld world;
  for (int i = 0; i < 10; ++i) world.server->put("b", "k", std::to_string(i));
  world.server->set_page_keys(4);
  SECTION("the taker") { world.reader.refuse_page = 2; }
  SECTION("a signal") { world.reader.stop.store(true); }
  const auto listed = world.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().kind == ErrorKind::kAborted);
  CHECK(listed.pages <= 2);
}

TEST_CASE("a listing of versions that contradicts itself is refused", "[lister]") {
  Script script;
  std::string defect;
  SECTION("a key has two that are the latest") {
    script.page(version("a", "v1", true), "a", "v1");
    script.page(version("a", "v2", true));
    defect = "latest";
  }
  SECTION("a version comes twice") {
    script.page(version("a", "v1", true) + version("a", "v2"), "a", "v2");
    script.page(version("a", "v3") + version("a", "v2"));
    defect = "twice";
  }
  const auto listed = script.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CAPTURE(listed.result.error().message);
  CHECK(listed.result.error().kind == ErrorKind::kServer);
  CHECK(listed.result.error().message.find(defect) != std::string::npos);
  CHECK(listed.objects.size() <= 2);
}

TEST_CASE("a listing of versions that goes round in circles ends", "[lister]") {
  Script script;
  const int length = GENERATE(2, 3, 7, 64);
  CAPTURE(length);
  script.page(version("k", "first", true), "k", "first");
  constexpr int kAnswers = 1000;
  for (int i = 0; i < kAnswers; ++i) {
    const std::string id = "v" + std::to_string(i % length);
    script.page(version("k", id), "k", id);
  }
  const auto listed = script.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().kind == ErrorKind::kServer);
  CHECK(listed.result.error().message.find("twice") != std::string::npos);
  CHECK(listed.pages < 4 * static_cast<std::size_t>(length));
}

TEST_CASE("a listing of versions of nothing but empty pages ends", "[lister]") {
  Script script;
  for (int i = 0; i < 1000; ++i) script.page("", "k", "v" + std::to_string(i));
  const auto listed = script.reader.versions();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().kind == ErrorKind::kServer);
  CHECK(listed.pages < 200);
}

TEST_CASE("the same version id under another key is another version", "[lister]") {
  Script script;
  script.page(version("a", "v1", true) + version("b", "v1", true) + version("b", "v2"), "b", "v2");
  script.page(version("c", "v1", true));
  const auto listed = script.reader.versions();
  REQUIRE(listed.result.has_value());
  CHECK(listed.objects.size() == 4);
}

TEST_CASE("a listing of keys names every key once, or the same again, in order", "[lister]") {
  const auto key = [](const std::string& name) {
    return "<Contents><Key>" + name + "</Key><Size>1</Size></Contents>";
  };
  const auto page = [](const std::string& objects) {
    return "<ListBucketResult><IsTruncated>false</IsTruncated>" + objects + "</ListBucketResult>";
  };
  Script script;
  script.transport.answer({200, {}, page(key("a") + key("a"))});
  script.transport.answer({200, {}, page(key("b") + key("a"))});
  script.transport.answer({200, {}, page(key("a") + key("b"))});
  CHECK(script.reader.keys().objects.size() == 1);
  CHECK(script.reader.keys().end.out_of_order);
  CHECK(script.reader.keys().result.has_value());
}

// ---- the dialects of the real servers --------------------------------------------------------

namespace {

std::string names(const std::vector<ListedObject>& objects) {
  std::string all;
  for (const auto& object : objects) {
    all += (all.empty() ? "" : " ") + object.key +
           (object.version_id.empty() ? "" : "=" + object.version_id);
  }
  return all;
}

/// A listing of objects, page by page.
struct Objects : Script {
  void objects(const std::vector<std::string>& keys, bool truncated = false,
               const std::string& token = "") {
    std::string xml = "<ListBucketResult><IsTruncated>" +
                      std::string(truncated ? "true" : "false") + "</IsTruncated>";
    if (!token.empty()) xml += "<NextContinuationToken>" + token + "</NextContinuationToken>";
    for (const auto& key : keys) {
      xml += "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>";
    }
    transport.answer({200, {}, xml + "</ListBucketResult>"});
  }
  bool asked(std::size_t request, const std::string& what) const {
    return transport.requests().at(request).url.find(what) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("versitygw: the entry that ended a page and begins the next one is no second version",
          "[lister]") {
  Script script;
  script.page(version("a", "v2", true) + version("a", "v1"), "a", "v1");
  script.page(version("a", "v1") + version("b", "null", true), "b", "null");
  script.page(version("b", "null", true) + version("c", "null", true));
  const auto listed = script.reader.versions();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a=v2 a=v1 b=null c=null");
}

TEST_CASE("Swift: a NextVersionIdMarker of null is replaced by the last entry's own id",
          "[lister]") {
  Objects script;
  script.page(version("a", "v2", true), "a", "null");
  script.page(version("a", "v1") + version("b", "null", true), "b", "null");
  script.page("");  // what Swift says to "null": nothing, and that it is complete
  script.page(version("c", "null", true), "c", "null");
  script.page(version("d", "null", true));
  const auto listed = script.reader.versions();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a=v2 a=v1 b=null c=null d=null");
  CHECK(script.asked(1, "version-id-marker=v2"));
  CHECK(script.asked(2, "version-id-marker=null"));
  CHECK_FALSE(script.asked(3, "version-id-marker"));
  CHECK_FALSE(script.asked(4, "version-id-marker"));
  CHECK_FALSE(listed.end.oldest_behind_end.has_value());
}

TEST_CASE("an empty page right after a truncated one is no clean end", "[lister]") {
  Objects script;
  script.objects({"a"}, true, "T");
  script.objects({});
  script.objects({"b"});
  script.objects({});
  const auto listed = script.reader.keys();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a b");
  CHECK(script.asked(2, "start-after=a"));
  CHECK(listed.end.oldest_behind_end.has_value());
}

TEST_CASE("a last page that is not the last is gone on with until nothing more comes", "[lister]") {
  Objects script;
  script.reader.asks_on = true;
  script.objects({"a", "b"});
  script.objects({"b", "c"});  // start-after that includes its key
  script.objects({"d"}, true, "T");
  script.objects({"e"});
  const bool ignores = GENERATE(true, false);
  script.objects(ignores ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{});
  const auto listed = script.reader.keys();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a b c d e");
  CHECK(listed.end.oldest_behind_end.has_value());
  CHECK(script.transport.requests().size() == 5);
}

TEST_CASE("a listing that is complete is asked on with one request", "[lister]") {
  Objects script;
  script.reader.asks_on = true;
  script.objects({"a", "b"});
  script.objects({"b"});
  const auto listed = script.reader.keys();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a b");
  CHECK(listed.end.asked_on);
  CHECK_FALSE(listed.end.oldest_behind_end.has_value());
}

TEST_CASE("truncated without a token, a listing goes on after its last key", "[lister]") {
  Objects script;
  script.objects({"a", "b"}, true);
  script.objects({"b", "c"}, true);
  script.objects({"d"});
  const auto listed = script.reader.keys();
  REQUIRE(listed.result.has_value());
  CHECK(names(listed.objects) == "a b c d");
  CHECK(script.asked(1, "start-after=b"));
}

TEST_CASE("a server that gives no token and ignores start-after is refused", "[lister]") {
  Objects script;
  script.objects({"a", "b"}, true);
  script.objects({"a", "b"}, true);
  const auto listed = script.reader.keys();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().message.find("start-after") != std::string::npos);
}

TEST_CASE("a token that comes again ends the listing as failed, by name", "[lister]") {
  Objects script;
  script.reader.in_order = GENERATE(true, false);
  for (int i = 0; i < 100; ++i) {
    script.objects({"k" + std::to_string(100 + i)}, true, "T" + std::to_string(i % 3));
  }
  const auto listed = script.reader.keys();
  REQUIRE_FALSE(listed.result.has_value());
  CHECK(listed.result.error().kind == ErrorKind::kServer);
  CHECK(listed.result.error().message.find("continuation token \"T") != std::string::npos);
  CHECK(listed.pages < 10);
}

TEST_CASE("S3Mock: more entries than asked for are asked on, and end cleanly or not at all",
          "[lister]") {
  Script script;
  script.answer("<IsTruncated>false</IsTruncated><NextVersionIdMarker>v</NextVersionIdMarker>" +
                version("k", "v", true));
  const bool clean = GENERATE(true, false);
  if (clean) script.page(version("l", "v", true));
  if (clean) script.page("");
  if (!clean) {
    script.answer("<IsTruncated>false</IsTruncated><NextVersionIdMarker>v</NextVersionIdMarker>" +
                  version("k", "v", true));
  }
  const auto listed = script.reader.versions();
  CHECK(listed.result.has_value() == clean);
  CHECK(names(listed.objects) == (clean ? "k=v l=v" : "k=v"));
}
