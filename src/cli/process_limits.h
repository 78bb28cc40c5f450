// Limits that the command sets for its own process.
#ifndef PINCHBECK_SRC_CLI_PROCESS_LIMITS_H_
#define PINCHBECK_SRC_CLI_PROCESS_LIMITS_H_

namespace pinchbeck::cli {

// From now on a crash of this process leaves no image of its memory, neither in a file nor with a program
// that collects them: for processes that hold a key.
void ForbidCoreDumps();

// As many open files as the system lets this user have: every request in flight needs a connection.
void AllowManyFiles();

// A file that may grow no further becomes an error of the write instead of the end of the process.
void ReportFileSizeLimits();

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_PROCESS_LIMITS_H_
