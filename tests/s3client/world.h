#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s3client/client.h"
#include "tests/support/catch.h"
#include "tests/support/scripted_transport.h"

/// A client on a scripted transport, with a clock set by hand.
struct ClientWorld {
  explicit ClientWorld(s3::SessionOptions options = {}) {
    if (options.endpoint.empty()) options.endpoint = "https://s3.example.org:9000";
    open(std::move(options));
  }

  /// On AWS's own endpoint for the region.
  static ClientWorld aws(const std::string& region = "us-east-1") {
    s3::SessionOptions options;
    options.endpoint = "https://s3." + region + ".amazonaws.com";
    options.region = region;
    return ClientWorld(std::move(options));
  }

  void open(s3::SessionOptions options) {
    if (options.bucket.empty()) options.bucket = "bucket";
    options.now = [clock = now] { return *clock; };
    options.credentials = [key = secret_key,
                           token = session_token]() -> s3::Result<s3::Credentials> {
      return s3::Credentials{"AKIDEXAMPLE", s3::Secret(*key), s3::Secret(*token)};
    };
    auto opened = s3::Session::open(std::move(options));
    REQUIRE(opened.has_value());
    session = *std::move(opened);
  }

  s3::Client client() { return {session, transport}; }

  void answer(int status, std::vector<s3::Header> headers = {}, std::string body = "") {
    transport.answer({status, std::move(headers), std::move(body)});
  }
  /// An S3 error body, with more elements where asked.
  void error(int status, const std::string& code, const std::string& message = "",
             const std::string& more = "", std::vector<s3::Header> headers = {}) {
    answer(status, std::move(headers),
           "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message +
               "</Message>" + more + "<RequestId>R1</RequestId></Error>");
  }

  // 2026-01-01T00:00:00Z
  std::shared_ptr<s3::ClockTime> now =
      std::make_shared<s3::ClockTime>(std::chrono::milliseconds{1767225600000});
  std::shared_ptr<std::string> secret_key = std::make_shared<std::string>("very-secret-key");
  std::shared_ptr<std::string> session_token = std::make_shared<std::string>();
  ScriptedTransport transport;
  std::shared_ptr<s3::Session> session;
};

inline s3::GetRequest object_request(std::string key) {
  s3::GetRequest request;
  request.key = std::move(key);
  return request;
}

/// Collects an object; stops where it is told to.
struct Collector final : s3::BodySink {
  bool on_object(const s3::ObjectHead& object) override {
    heads.push_back(object);
    return accept_object;
  }
  bool on_bytes(std::span<const std::byte> bytes) override {
    body.append(static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size());
    return body.size() < stop_at;
  }
  bool keep_going() override { return go_on; }

  std::vector<s3::ObjectHead> heads;
  std::string body;
  std::size_t stop_at = static_cast<std::size_t>(-1);
  bool accept_object = true;
  bool go_on = true;
};
