// floor URL PREFIX COUNT DIRECTORY: fetches URL/PREFIX000000 and so on, one after the other over
// one connection, writes each, syncs it, reads it back past the cache and takes its MD5 and
// SHA-256: what a pull costs that proves as much as ours does and remembers nothing.
// floor URL: lists URL, and does nothing with what it parses: what a look at a bucket costs where
// nothing is new, before any key is compared.
// The key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; libcurl signs.
#include <curl/curl.h>
#include <expat.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

std::size_t write_to_file(char* bytes, std::size_t one, std::size_t count, void* file) {
  const auto written = ::write(*static_cast<int*>(file), bytes, one * count);
  return written < 0 ? 0 : static_cast<std::size_t>(written);
}

bool read_back(int file, char* block) {
  if (::fdatasync(file) != 0) return false;
  (void)::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  EVP_MD_CTX* const md5 = EVP_MD_CTX_new();
  EVP_MD_CTX* const sha256 = EVP_MD_CTX_new();
  EVP_DigestInit_ex(md5, EVP_md5(), nullptr);
  EVP_DigestInit_ex(sha256, EVP_sha256(), nullptr);
  off_t at = 0;
  ssize_t read = 0;
  while ((read = ::pread(file, block, kBlock, at)) > 0) {
    EVP_DigestUpdate(md5, block, static_cast<std::size_t>(read));
    EVP_DigestUpdate(sha256, block, static_cast<std::size_t>(read));
    at += read;
  }
  EVP_MD_CTX_free(md5);
  EVP_MD_CTX_free(sha256);
  return read == 0;
}

bool fetch(CURL* curl, const std::string& url, const std::string& path, char* block) {
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0) return false;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &file);
  const bool done = curl_easy_perform(curl) == CURLE_OK && read_back(file, block);
  return ::close(file) == 0 && done;
}

struct Page {
  XML_Parser parser = nullptr;
  bool in_token = false;
  std::string token;
};

void on_start(void* page, const XML_Char* name, const XML_Char** /*attributes*/) {
  static_cast<Page*>(page)->in_token = std::string_view(name) == "NextContinuationToken";
}

void on_end(void* page, const XML_Char* /*name*/) { static_cast<Page*>(page)->in_token = false; }

void on_text(void* page, const XML_Char* bytes, int count) {
  auto& into = *static_cast<Page*>(page);
  if (into.in_token) into.token.append(bytes, static_cast<std::size_t>(count));
}

std::size_t parse(char* bytes, std::size_t one, std::size_t count, void* page) {
  const auto size = static_cast<int>(one * count);
  return XML_Parse(static_cast<Page*>(page)->parser, bytes, size, 0) == XML_STATUS_OK ? one * count
                                                                                      : 0;
}

bool list(CURL* curl, const std::string& url) {
  std::string after;
  do {
    Page page{XML_ParserCreate(nullptr)};
    XML_SetUserData(page.parser, &page);
    XML_SetElementHandler(page.parser, on_start, on_end);
    XML_SetCharacterDataHandler(page.parser, on_text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, parse);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &page);
    // In the order in which they are signed.
    const auto page_url =
        fmt::format("{}/?{}encoding-type=url&list-type=2&max-keys=1000", url, after);
    curl_easy_setopt(curl, CURLOPT_URL, page_url.c_str());
    const bool done = curl_easy_perform(curl) == CURLE_OK;
    XML_ParserFree(page.parser);
    if (!done) return false;
    char* const token = curl_easy_escape(curl, page.token.c_str(), 0);
    after = page.token.empty() ? "" : fmt::format("continuation-token={}&", token);
    curl_free(token);
  } while (!after.empty());
  return true;
}

bool fetch_all(CURL* curl, char** argv) {
  const auto block = std::make_unique<char[]>(kBlock);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_to_file);
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    const auto name = fmt::format("{}{:06}", argv[2], i);
    if (!fetch(curl, fmt::format("{}/{}", argv[1], name), fmt::format("{}/{}", argv[4], name),
               block.get())) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const id = std::getenv("AWS_ACCESS_KEY_ID");
  const char* const secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  if ((argc != 2 && argc != 5) || id == nullptr || secret == nullptr) return 64;
  const auto key = fmt::format("{}:{}", id, secret);
  CURL* const curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
  curl_easy_setopt(curl, CURLOPT_USERPWD, key.c_str());
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_slist* const headers = curl_slist_append(nullptr, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  const bool done = argc == 2 ? list(curl, argv[1]) : fetch_all(curl, argv);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return done ? 0 : 1;
}
