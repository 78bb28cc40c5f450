// One answer through each API, as a document and as a stream.
#ifndef PINCHBECK_TESTS_CLIENT_API_SAMPLES_H_
#define PINCHBECK_TESTS_CLIENT_API_SAMPLES_H_

#include <string>
#include <vector>

#include "pinchbeck/client/api.h"

namespace pinchbeck::testing {

// An answer with the text "Bl\u6c34", the reasoning "hm" where the API has some, and log-probabilities.
struct ApiSample {
  Api api;
  std::string document;
  // The data of each event.
  std::vector<std::string> events;
  // Data that ends the stream and is no JSON.
  std::string end_mark;
};

inline constexpr const char* kSampleToken =
    R"({"token":"Bl","logprob":-0.5,"bytes":[66,108],"top_logprobs":[{"token":"Bl","id":4,"logprob":-0.5}]})";

inline std::vector<ApiSample> ApiSamples() {
  const std::string token = kSampleToken;
  const std::string chat_usage =
      R"("usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1},
         "completion_tokens_details":{"reasoning_tokens":1},"cost":0.5})";
  const std::string parallel =
      R"({"tokens":["Bl"],"token_logprobs":[-0.5],"top_logprobs":[{"Bl":-0.5}],"text_offset":[0]})";
  const std::string response =
      R"({"id":"r","model":"m","status":"completed","incomplete_details":null,"output":[
        {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"content":[]},
        {"type":"message","content":[{"type":"output_text","text":"Bl\u6c34","logprobs":[)" +
      token +
      R"(]}]}],"usage":{"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":1},
        "output_tokens_details":{"reasoning_tokens":1}}})";
  const std::string anthropic_usage =
      R"({"input_tokens":8,"cache_read_input_tokens":1,"cache_creation_input_tokens":0,"output_tokens":2,
         "output_tokens_details":{"thinking_tokens":1}})";
  const auto gemini = [](const std::string& parts, const std::string& more) {
    return R"({"candidates":[{"index":0,"content":{"parts":[)" + parts +
           R"(]},"logprobsResult":{"chosenCandidates":[
      {"token":"Bl","tokenId":4,"logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"Bl","tokenId":4,
      "logProbability":-0.5}]}]})" +
           more + R"(}],"modelVersion":"m","responseId":"r","usageMetadata":{
      "promptTokenCount":9,"candidatesTokenCount":1,"thoughtsTokenCount":1,"cachedContentTokenCount":1}})";
  };
  const std::string ollama_end = R"("done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2})";
  return {
      {Api::kOpenAiChat,
       R"({"id":"c","model":"m","provider":"p","system_fingerprint":"f","choices":[{"index":0,"finish_reason":"stop",
          "native_finish_reason":"STOP","message":{"content":"Bl\u6c34","reasoning":"hm","refusal":null},
          "logprobs":{"content":[)" +
           token + R"(]},"token_ids":[4]}],)" + chat_usage + "}",
       {R"({"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]})",
        R"({"choices":[{"index":0,"delta":{"content":"Bl"},"logprobs":{"content":[)" + token + "]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xE6\xB0\xB4\"},\"finish_reason\":\"stop\"}]}",
        R"({"choices":[],)" + chat_usage + "}"},
       "[DONE]"},
      {Api::kOpenAiCompletions,
       R"({"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","text":"Bl\u6c34","reasoning":"hm",
          "logprobs":)" +
           parallel + "}]," + chat_usage + "}",
       {R"({"choices":[{"index":0,"text":"Bl","reasoning":"hm","logprobs":)" + parallel + "}]}",
        "{\"choices\":[{\"index\":0,\"text\":\"\xE6\xB0\xB4\",\"finish_reason\":\"stop\"}]," + chat_usage +
            "}"},
       "[DONE]"},
      {Api::kOpenAiResponses,
       response,
       {R"({"type":"response.created","response":{"id":"r","output":[]}})",
        R"({"type":"response.reasoning_text.delta","delta":"hm"})",
        R"({"type":"response.output_text.delta","delta":"Bl","logprobs":[)" + token + "]}",
        "{\"type\":\"response.output_text.delta\",\"delta\":\"\xE6\xB0\xB4\"}",
        R"({"type":"response.completed","response":)" + response + "}"},
       ""},
      {Api::kAnthropic,
       R"({"id":"r","model":"m","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Bl\u6c34"}],
          "stop_reason":"end_turn","usage":)" +
           anthropic_usage + "}",
       {R"({"type":"message_start","message":{"id":"r","model":"m","content":[],"usage":)" + anthropic_usage +
            "}}",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Bl"}})",
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"\xE6\xB0\xB4\"}}",
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":)" + anthropic_usage + "}",
        R"({"type":"message_stop"})"},
       ""},
      {Api::kGemini,
       gemini(R"({"text":"hm","thought":true},{"text":"Bl\u6c34"})", R"(,"finishReason":"STOP")"),
       {gemini(R"({"text":"hm","thought":true})", ""), gemini(R"({"text":"Bl"})", ""),
        gemini("{\"text\":\"\xE6\xB0\xB4\"}", R"(,"finishReason":"STOP")")},
       ""},
      {Api::kOllama,
       R"({"model":"m","message":{"content":"Bl\u6c34","thinking":"hm"},"logprobs":[)" + token + "]," +
           ollama_end,
       {R"({"model":"m","message":{"thinking":"hm"},"done":false})",
        R"({"model":"m","message":{"content":"Bl"},"done":false,"logprobs":[)" + token + "]}",
        "{\"model\":\"m\",\"message\":{\"content\":\"\xE6\xB0\xB4\"},\"done\":false}",
        R"({"model":"m","message":{"content":""},)" + ollama_end},
       ""},
  };
}

inline constexpr const char* kSampleText = "Bl\xE6\xB0\xB4";

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_API_SAMPLES_H_
