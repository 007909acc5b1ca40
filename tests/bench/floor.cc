// floor URL PREFIX COUNT DIRECTORY: fetches URL/PREFIX000000 and so on, one after the other over
// one connection, writes each, syncs it, reads it back past the cache and takes its MD5 and
// SHA-256: what a pull costs that proves as much as ours does and remembers nothing. The key comes
// from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; libcurl signs.
#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

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

}  // namespace

int main(int argc, char** argv) {
  const char* const id = std::getenv("AWS_ACCESS_KEY_ID");
  const char* const secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  if (argc != 5 || id == nullptr || secret == nullptr) return 64;
  const auto block = std::make_unique<char[]>(kBlock);
  const auto key = fmt::format("{}:{}", id, secret);
  CURL* const curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
  curl_easy_setopt(curl, CURLOPT_USERPWD, key.c_str());
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_to_file);
  curl_slist* const headers = curl_slist_append(nullptr, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    const auto name = fmt::format("{}{:06}", argv[2], i);
    if (!fetch(curl, fmt::format("{}/{}", argv[1], name), fmt::format("{}/{}", argv[4], name),
               block.get())) {
      return 1;
    }
  }
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return 0;
}
