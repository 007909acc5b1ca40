#include "s3client/session.h"

#include "s3client/session_state.h"

namespace s3 {

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::shared_ptr<Session>> Session::open(SessionOptions options) {
  auto state = SessionState::open(std::move(options));
  if (!state) return state.error();
  auto impl = std::make_unique<Impl>();
  impl->state = *std::move(state);
  return std::shared_ptr<Session>(new Session(std::move(impl)));
}

std::string Session::endpoint() const { return impl_->state->origin(); }
std::string Session::region() const { return impl_->state->region(); }
std::string Session::credentials_in_use() const { return impl_->state->credentials_in_use(); }

std::optional<std::string> Session::corrected_region() const {
  return impl_->state->corrected_region();
}

std::optional<ServerTime> Session::server_now() const {
  const auto offset = impl_->state->clock_offset();
  if (!offset) return std::nullopt;
  return ServerTime((impl_->state->now() + *offset).time_since_epoch());
}

std::vector<std::string> Session::refused_options() const {
  return impl_->state->refused_options();
}

void Session::refuse_option(std::string option) { impl_->state->refuse_option(std::move(option)); }

std::uint64_t Session::requests() const { return impl_->state->requests(); }
Result<void> Session::reload_credentials() { return impl_->state->reload_credentials(); }

}  // namespace s3
