#pragma once

#include "s3client/transport.h"
#include "tests/support/fake_s3.h"

namespace test {

/// Asks a fake server in the same process, in the thread that asks, with no socket between: for
/// tests of what comes before and after the network. Bodies come in pieces of the same size always.
class SocketlessTransport final : public s3::Transport {
 public:
  explicit SocketlessTransport(fake_s3::Server& server) : server_(server) {}

  s3::Result<void> perform(const s3::HttpRequest& request, s3::ResponseSink& sink) override;

 private:
  fake_s3::Server& server_;
};

}  // namespace test
