#include "src/cli/mock_relay.h"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pinchbeck/core/probe.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/mock_relay_alterations.h"
#include "src/cli/mock_relay_answers.h"
#include "src/cli/mock_relay_api.h"
#include "src/cli/mock_relay_wire.h"

#ifdef __SANITIZE_THREAD__
// The packaged library is built without the sanitizer, which therefore does not see its threads agree on who
// initialises a static local (the methods known to Server::parse_request_line). Accesses made by the library
// itself are left out; those of our handlers are not.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libcpp-httplib.so"; }
#endif

namespace pinchbeck::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kHost[] = "127.0.0.1";
// Far above any battery's prompt, far below what would strain memory with every thread busy.
constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;
// Streams sleep between events and hold their thread, so there are many more threads than processors.
constexpr std::size_t kThreads = 64;
constexpr int kConnectionQueue = 1024;
// An idle connection delays Stop() by at most this long.
constexpr std::time_t kKeepAliveSeconds = 1;

void SetError(int status, std::string_view code, std::string_view message, const RelayApi& api,
              httplib::Response& response) {
  response.status = status;
  response.set_content(api.error(status, code, message), "application/json");
}

void SetError(const absl::Status& status, const RelayApi& api, httplib::Response& response) {
  const std::string message = internal::Message(status);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return SetError(400, "invalid_request", message, api, response);
    case absl::StatusCode::kNotFound:
      return SetError(404, "prompt_not_recorded", message, api, response);
    case absl::StatusCode::kResourceExhausted:
      // Clients that know this header do not ask again in vain.
      response.set_header("x-should-retry", "false");
      return SetError(503, "recording_exhausted", message, api, response);
    default:
      return SetError(500, "internal_error", message, api, response);
  }
}

std::string KnownPaths() {
  std::string text;
  for (const RelayApi* api : RelayApis()) absl::StrAppend(&text, api->path_shown, ", ");
  return text + "GET /v1/models";
}

// Whether a request carries the key in the header of any API.
bool CarriesKey(const httplib::Request& request, const std::string& key) {
  return request.get_header_value("Authorization") == "Bearer " + key ||
         request.get_header_value("x-api-key") == key || request.get_header_value("x-goog-api-key") == key;
}

// Two sockets of one program on one port would share its connections, so only the waiting time after a
// closed server is skipped.
void AllowQuickRestart(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

}  // namespace

class MockRelay::Impl {
 public:
  Impl(const MockRelayOptions& options, std::unique_ptr<RelayAnswers> answers)
      : options_(options), answers_(std::move(answers)) {
    Configure();
  }
  ~Impl() { Stop(); }

  absl::StatusOr<int> Start();
  void Stop();
  const RelayAnswers& answers() const { return *answers_; }

 private:
  void Configure();
  // False when the request lacks the key; the response then says so.
  [[nodiscard]] bool Authorize(const httplib::Request& request, const RelayApi& api,
                               httplib::Response& response) const;
  void HandleModels(httplib::Response& response) const;
  void HandleChat(const httplib::Request& request, const RelayApi& api, httplib::Response& response);
  void Reply(const ChatRequest& chat, const ServedAnswer& answer, const RelayApi& api,
             SteadyClock::time_point arrival, httplib::Response& response);
  bool SendEvents(const std::vector<TimedEvent>& events, double scale, SteadyClock::time_point arrival,
                  httplib::DataSink& sink);
  // Waits until `seconds` after `arrival`; false when the relay is stopping.
  bool WaitUntil(SteadyClock::time_point arrival, double seconds);

  const MockRelayOptions options_;
  const std::unique_ptr<RelayAnswers> answers_;
  httplib::Server server_;
  socket_t listening_socket_ = INVALID_SOCKET;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;
  std::atomic<bool> ended_{false};
};

void MockRelay::Impl::Configure() {
  server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server_.set_socket_options([this](socket_t socket) {
    AllowQuickRestart(socket);
    listening_socket_ = socket;
  });
  server_.set_tcp_nodelay(true);
  server_.set_keep_alive_timeout(kKeepAliveSeconds);
  server_.set_keep_alive_max_count(std::size_t{1} << 30);
  server_.set_payload_max_length(kMaxRequestBytes);
  // Not in a pre-routing handler: that would leave the body of a refused request in the connection.
  server_.Get("/v1/models", [this](const httplib::Request& request, httplib::Response& response) {
    if (Authorize(request, kOpenAiChatRelay, response)) HandleModels(response);
  });
  for (const RelayApi* api : RelayApis()) {
    server_.Post(api->path_pattern,
                 [this, api](const httplib::Request& request, httplib::Response& response) {
                   if (Authorize(request, *api, response)) HandleChat(request, *api, response);
                 });
  }
  server_.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
        SetError(500, "internal_error", "the request could not be answered", kOpenAiChatRelay, response);
      });
  server_.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    if (response.status == 413) {
      return SetError(413, "request_too_large",
                      absl::StrCat("the request exceeds ", kMaxRequestBytes, " bytes"), kOpenAiChatRelay,
                      response);
    }
    SetError(response.status, "not_found",
             absl::StrCat(request.method, " ", request.path, " is not served; known: ", KnownPaths()),
             kOpenAiChatRelay, response);
  });
}

absl::StatusOr<int> MockRelay::Impl::Start() {
  if (thread_.joinable()) return absl::FailedPreconditionError("the relay was started before");
  const bool bound = options_.port == 0 || server_.bind_to_port(kHost, options_.port);
  const int port = options_.port == 0 ? server_.bind_to_any_port(kHost) : options_.port;
  if (!bound || port <= 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", kHost, ":", options_.port,
                     ": the port is taken or not allowed; port 0 takes any free one"));
  }
  // The library queues five connections; a client that opens dozens at once would have some dropped
  // half-open, which looks to it like a server that never answers. Listening again only lengthens the queue.
  if (listening_socket_ != INVALID_SOCKET) ::listen(listening_socket_, kConnectionQueue);
  thread_ = std::thread([this] {
    server_.listen_after_bind();
    ended_ = true;
  });
  // Stop() has no effect on a server that does not run yet.
  while (!server_.is_running() && !ended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return port;
}

void MockRelay::Impl::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (!thread_.joinable()) return;
  server_.stop();
  thread_.join();
}

bool MockRelay::Impl::Authorize(const httplib::Request& request, const RelayApi& api,
                                httplib::Response& response) const {
  if (options_.api_key.empty() || CarriesKey(request, options_.api_key.Reveal())) return true;
  SetError(
      401, "invalid_api_key",
      "the request carries no key or a wrong one (Authorization: Bearer KEY, x-api-key or x-goog-api-key)",
      api, response);
  return false;
}

void MockRelay::Impl::HandleModels(httplib::Response& response) const {
  const std::vector<std::string> names =
      options_.model ? std::vector<std::string>{*options_.model} : answers_->model_names();
  response.set_content(ModelsBody(names), "application/json");
}

void MockRelay::Impl::HandleChat(const httplib::Request& request, const RelayApi& api,
                                 httplib::Response& response) {
  const SteadyClock::time_point arrival = SteadyClock::now();
  const absl::StatusOr<ChatRequest> chat = api.parse(request.path, request.body);
  if (!chat.ok()) return SetError(chat.status(), api, response);
  Probe probe;
  probe.messages = chat->messages;
  std::string prompt = probe.PromptSha256();
  if (!answers_->HasPrompt(prompt) && probe.messages.size() == 1 && probe.messages[0].role.empty()) {
    // The relay needs no recording of plain text: that of a chat with the same words serves as well.
    probe.messages[0].role = "user";
    prompt = probe.PromptSha256();
  }
  const absl::StatusOr<ServedAnswer> answer = answers_->Next(
      {std::move(prompt), chat->temperature, chat->max_tokens, chat->reasoning_effort, chat->stream});
  if (!answer.ok()) return SetError(answer.status(), api, response);
  Reply(*chat, *answer, api, arrival, response);
}

void MockRelay::Impl::Reply(const ChatRequest& chat, const ServedAnswer& answer, const RelayApi& api,
                            SteadyClock::time_point arrival, httplib::Response& response) {
  const Observation observation = AlteredAnswer(*answer.observation, chat, answer.id, options_);
  const double scale = answer.at_once ? 0.0 : options_.time_scale;
  ReplyHead head;
  head.id = answer.id;
  head.model = options_.model.value_or(chat.model);
  head.created = static_cast<std::int64_t>(std::time(nullptr));
  head.extra_input_tokens = options_.mode == MockRelayMode::kInject ? options_.injected_tokens : 0;
  if (!chat.stream) {
    if (!WaitUntil(arrival, scale * observation.timing.total_s.value_or(0.0))) {
      return SetError(503, "stopping", "the relay is stopping", api, response);
    }
    return response.set_content(api.whole(observation, chat, head), "application/json");
  }
  auto events = std::make_shared<const std::vector<TimedEvent>>(api.events(observation, chat, head));
  response.set_chunked_content_provider(api.stream_type,
                                        [this, events, scale, arrival](std::size_t, httplib::DataSink& sink) {
                                          return SendEvents(*events, scale, arrival, sink);
                                        });
}

bool MockRelay::Impl::SendEvents(const std::vector<TimedEvent>& events, double scale,
                                 SteadyClock::time_point arrival, httplib::DataSink& sink) {
  for (const TimedEvent& event : events) {
    if (!WaitUntil(arrival, scale * event.at_s)) return false;
    if (!sink.write(event.bytes.data(), event.bytes.size())) return false;
  }
  sink.done();
  return true;
}

bool MockRelay::Impl::WaitUntil(SteadyClock::time_point arrival, double seconds) {
  // A recorded time beyond an hour is a defect of the recording, not a reason to hold a thread.
  const std::chrono::duration<double> wait(std::min(seconds, 3600.0));
  const SteadyClock::time_point until = arrival + std::chrono::duration_cast<SteadyClock::duration>(wait);
  std::unique_lock<std::mutex> lock(mutex_);
  return !stop_signal_.wait_until(lock, until, [this] { return stopping_; });
}

absl::StatusOr<std::unique_ptr<MockRelay>> MockRelay::Create(const MockRelayOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(ValidateMockRelayOptions(options));
  PINCHBECK_ASSIGN_OR_RETURN(std::unique_ptr<RelayAnswers> answers, RelayAnswers::Load(options));
  return std::unique_ptr<MockRelay>(new MockRelay(std::make_unique<Impl>(options, std::move(answers))));
}

MockRelay::MockRelay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MockRelay::~MockRelay() = default;
absl::StatusOr<int> MockRelay::Start() { return impl_->Start(); }
void MockRelay::Stop() { impl_->Stop(); }
std::int64_t MockRelay::answers_served() const { return impl_->answers().served(); }
const std::vector<std::string>& MockRelay::warnings() const { return impl_->answers().warnings(); }

}  // namespace pinchbeck::cli
