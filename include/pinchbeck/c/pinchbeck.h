/* C interface: load a fingerprint, feed observations or an application's own traffic, read verdicts and
 * monitors as JSON. C99, for hosts in Go, Rust, Node and others.
 *
 * Ownership. A function that returns a handle or a text through an out parameter gives it to the caller, who
 * frees it with the matching *_free function. Every *_free function takes NULL. Arguments are read during the
 * call and never kept: buffers may be freed right after. Handles keep what they need of a fingerprint alive,
 * so that a fingerprint may be freed while a verifier, monitor or observer made from it is in use.
 *
 * Errors. Functions return PINCHBECK_OK or an error code. With `error` not NULL, a failed call also sets
 * *error to an object that the caller frees; a call that succeeds sets it to NULL. Out parameters are set to
 * NULL when the call fails. No C++ exception crosses this interface: a failed allocation is
 * PINCHBECK_OUT_OF_MEMORY, any other exception PINCHBECK_INTERNAL. NULL handles and NULL out parameters are
 * PINCHBECK_INVALID_ARGUMENT. One exception: the JSON package (nlohmann-json 3.11) allocates memory while it
 * frees a document; if that fails, the process ends.
 *
 * Threads. Every function may be called from any thread, also on one handle at the same time (calls on one
 * handle wait for each other); only freeing a handle must not overlap with another call on it. Nothing is
 * bound to the thread that made a handle, and there is no global state.
 *
 * Text is UTF-8. Lengths are in bytes and do not count a final zero; inputs with a length need none, outputs
 * end in one. JSON options are an object, or NULL where no member is required for the defaults, which are
 * those of the C++ library; a member that is not known is an error.
 *
 * Stability. The functions, codes and members below stay within a major version of the library; new members
 * may appear in JSON that is returned, and readers must ignore those they do not know. */
#ifndef PINCHBECK_C_PINCHBECK_H_
#define PINCHBECK_C_PINCHBECK_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PINCHBECK_C_API __attribute__((visibility("default")))
#else
#define PINCHBECK_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* C has no `using`, and its names are not those of C++.
 * NOLINTBEGIN(modernize-use-using,readability-identifier-naming) */

typedef int32_t pinchbeck_code;
#define PINCHBECK_OK 0
#define PINCHBECK_INVALID_ARGUMENT 1    /* a bad argument, file or JSON; the message says which */
#define PINCHBECK_NOT_FOUND 2           /* no such file */
#define PINCHBECK_PERMISSION_DENIED 3   /* the file may not be read */
#define PINCHBECK_FAILED_PRECONDITION 4 /* e.g. made under other conditions than the fingerprint */
#define PINCHBECK_RESOURCE_EXHAUSTED 5  /* a limit of the library or the system */
#define PINCHBECK_DATA_LOSS 6           /* corrupt data */
#define PINCHBECK_OUT_OF_MEMORY 7       /* an allocation failed; the call may have been carried out in part */
#define PINCHBECK_INTERNAL 8            /* anything else; please report it */

typedef struct pinchbeck_error pinchbeck_error;
typedef struct pinchbeck_fingerprint pinchbeck_fingerprint;
typedef struct pinchbeck_verifier pinchbeck_verifier;
typedef struct pinchbeck_monitor pinchbeck_monitor;
typedef struct pinchbeck_observer pinchbeck_observer;

/* The library's version, "MAJOR.MINOR.PATCH". Lives as long as the library. Never fails. */
PINCHBECK_C_API const char* pinchbeck_version(void);

/* Code and message of an error. Both live as long as the error. For NULL: PINCHBECK_OK and "". Never fail. */
PINCHBECK_C_API pinchbeck_code pinchbeck_error_code(const pinchbeck_error* error);
PINCHBECK_C_API const char* pinchbeck_error_message(const pinchbeck_error* error);
PINCHBECK_C_API void pinchbeck_error_free(pinchbeck_error* error);

/* Frees a text that this library returned. */
PINCHBECK_C_API void pinchbeck_string_free(char* text);

/* ---- Fingerprints: what is known of a trusted reference. Immutable. ---- */

/* Reads a fingerprint file. NOT_FOUND, PERMISSION_DENIED; INVALID_ARGUMENT names file and field. */
PINCHBECK_C_API pinchbeck_code pinchbeck_fingerprint_load(const char* path,
                                                          pinchbeck_fingerprint** fingerprint,
                                                          pinchbeck_error** error);
/* The same from the file's content. */
PINCHBECK_C_API pinchbeck_code pinchbeck_fingerprint_parse(const char* json, size_t length,
                                                           pinchbeck_fingerprint** fingerprint,
                                                           pinchbeck_error** error);
/* The label given at enrolment. Lives as long as the handle. "" for NULL. Never fails. */
PINCHBECK_C_API const char* pinchbeck_fingerprint_model(const pinchbeck_fingerprint* fingerprint);
PINCHBECK_C_API void pinchbeck_fingerprint_free(pinchbeck_fingerprint* fingerprint);

/* ---- Verifiers: observations in, a verdict out. ---- */

/* `alternatives` are `alternative_count` fingerprints of models that might be served instead (NULL and 0:
 * none). Options: "alpha", "claim" ("weights" or "serving"), "latency" ("advisory", "shape" or "strict"),
 * "seed", "permutations", "threads", "max_age_days", "ranking_only". */
PINCHBECK_C_API pinchbeck_code pinchbeck_verifier_new(const pinchbeck_fingerprint* fingerprint,
                                                      const pinchbeck_fingerprint* const* alternatives,
                                                      size_t alternative_count, const char* options_json,
                                                      pinchbeck_verifier** verifier, pinchbeck_error** error);
/* Adds observations: lines of a recording (schema pinchbeck.observation/1), separated by newlines, the last
 * one with or without. INVALID_ARGUMENT names the line, counted from 1 in this call; the lines before it have
 * been added, it and those after it have not. A line that is given twice counts twice. Memory grows with what
 * the signals keep, not with the texts. */
PINCHBECK_C_API pinchbeck_code pinchbeck_verifier_add(pinchbeck_verifier* verifier, const char* lines,
                                                      size_t length, pinchbeck_error** error);
/* The report on what was added so far, as JSON (schema pinchbeck.report/1, the output of `pinchbeck verify
 * --json`). May be called again after more was added, but a verdict that is read repeatedly until it pleases
 * has no error rate: watch with a monitor instead. FAILED_PRECONDITION: conditions differ. */
PINCHBECK_C_API pinchbeck_code pinchbeck_verifier_report(const pinchbeck_verifier* verifier, char** json,
                                                         pinchbeck_error** error);
PINCHBECK_C_API void pinchbeck_verifier_free(pinchbeck_verifier* verifier);

/* ---- Monitors: a test that may be read after every answer. ---- */

/* Options: "alpha", "tolerance", "greedy_tolerance", "seed", "mean_run" (or null), "signals" (list out of
 * "choice", "token_length", "logprob"). FAILED_PRECONDITION: the fingerprint has nothing to monitor. */
PINCHBECK_C_API pinchbeck_code pinchbeck_monitor_new(const pinchbeck_fingerprint* fingerprint,
                                                     const pinchbeck_fingerprint* const* alternatives,
                                                     size_t alternative_count, const char* options_json,
                                                     pinchbeck_monitor** monitor, pinchbeck_error** error);
/* One step per line, errors as pinchbeck_verifier_add(). */
PINCHBECK_C_API pinchbeck_code pinchbeck_monitor_step(pinchbeck_monitor* monitor, const char* lines,
                                                      size_t length, pinchbeck_error** error);
/* The decision so far as JSON (schema pinchbeck.monitor/1). */
PINCHBECK_C_API pinchbeck_code pinchbeck_monitor_decision(const pinchbeck_monitor* monitor, char** json,
                                                          pinchbeck_error** error);
/* The state as JSON, and back into a monitor made with the same fingerprint and options. A failed restore
 * leaves the monitor as it was. */
PINCHBECK_C_API pinchbeck_code pinchbeck_monitor_state(const pinchbeck_monitor* monitor, char** json,
                                                       pinchbeck_error** error);
PINCHBECK_C_API pinchbeck_code pinchbeck_monitor_restore(pinchbeck_monitor* monitor, const char* json,
                                                         size_t length, pinchbeck_error** error);
PINCHBECK_C_API void pinchbeck_monitor_free(pinchbeck_monitor* monitor);

/* ---- Observers: an application's own requests and answers become observations. ---- */

/* Options: "models" (required: a list of the names by which the application asks for the fingerprint's
 * model), "endpoint" (base URL; with it only requests that name it are used), "max_observations",
 * "max_bytes", "max_request_bytes", "max_response_bytes". */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_new(const pinchbeck_fingerprint* fingerprint,
                                                      const char* options_json, pinchbeck_observer** observer,
                                                      pinchbeck_error** error);
/* From now on every observation made like a probe is also a step of a monitor that the observer owns.
 * Arguments as pinchbeck_monitor_new(), with the observer's fingerprint. FAILED_PRECONDITION: one is watching
 * already, and nothing changes. A host that restores a state must not feed before
 * pinchbeck_observer_monitor_restore() has returned: the state takes the place of what came in between. */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_watch(pinchbeck_observer* observer,
                                                        const pinchbeck_fingerprint* const* alternatives,
                                                        size_t alternative_count, const char* options_json,
                                                        pinchbeck_error** error);
/* Takes note of one exchange, given as JSON:
 *
 *   {"api": "openai_chat" or "anthropic", "request": BODY, "response": BODY, "status": 200, "complete": true,
 *    "time": "RFC 3339", "endpoint": URL, "session": NAME, "total_s": S, "first_token_s": S, "redact": KEY}
 *
 * Only `request` is required. A BODY is an object, or a string that holds the body. A streamed answer is
 * given as "chunks": [[ARRIVAL_S, CHUNK], ...] instead of `response`, each CHUNK an object (an event as
 * client libraries hand it on) or a string of raw bytes. `redact` is taken out of what is kept, and is not
 * kept. `use` (may be NULL) is set to a name that lives as long as the library: "probe", "failed",
 * "unknown_prompt", "other_settings", "prompt_not_text", "seed", "other_parameter", "other_model" or
 * "other_endpoint"; only the first two are buffered. Chunks whose times decrease lose all times. */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_observe(pinchbeck_observer* observer,
                                                          const char* exchange_json, size_t length,
                                                          const char** use, pinchbeck_error** error);
/* Takes the buffered observations as lines of a recording, each with a newline; "" when there are none. They
 * can be given to pinchbeck_verifier_add() or appended to a file. When this fails for want of memory they are
 * lost. */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_take(pinchbeck_observer* observer, char** lines,
                                                       pinchbeck_error** error);
/* Counts as JSON: "exchanges", "uses" (by name), "failed_after_text" (of those that failed: text of an answer
 * had come), "refused", "buffered", "buffered_bytes", "dropped", "monitor_refused", "declaration" (a list of
 * sentences: what the answers declare, compared with the reference), "warnings". */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_status(const pinchbeck_observer* observer, char** json,
                                                         pinchbeck_error** error);
/* The observer's monitor, as the functions of monitors. FAILED_PRECONDITION: none is watching. */
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_decision(const pinchbeck_observer* observer, char** json,
                                                           pinchbeck_error** error);
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_monitor_state(const pinchbeck_observer* observer,
                                                                char** json, pinchbeck_error** error);
PINCHBECK_C_API pinchbeck_code pinchbeck_observer_monitor_restore(pinchbeck_observer* observer,
                                                                  const char* json, size_t length,
                                                                  pinchbeck_error** error);
PINCHBECK_C_API void pinchbeck_observer_free(pinchbeck_observer* observer);

/* NOLINTEND(modernize-use-using,readability-identifier-naming) */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif  // PINCHBECK_C_PINCHBECK_H_
