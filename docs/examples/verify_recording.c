/* Compares a recording with a fingerprint through the C interface.
 *
 *   cc -std=c99 verify_recording.c -lpinchbeck_c
 *   ./a.out gpt-x.json relay.jsonl
 *
 * Prints the report as JSON; exits with 2 on errors. */
#include <stdio.h>
#include <stdlib.h>

#include "pinchbeck/c/pinchbeck.h"

static int fail(pinchbeck_error* error) {
  fprintf(stderr, "error %d: %s\n", (int)pinchbeck_error_code(error), pinchbeck_error_message(error));
  pinchbeck_error_free(error);
  return 2;
}

/* The file's bytes, or NULL. */
static char* read_file(const char* path, size_t* length) {
  FILE* file = fopen(path, "rb");
  char* bytes = NULL;
  long size = 0;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
    rewind(file);
    bytes = malloc((size_t)size);
    *length = (size_t)size;
    if (bytes != NULL && fread(bytes, 1, *length, file) != *length) {
      free(bytes);
      bytes = NULL;
    }
  }
  fclose(file);
  return bytes;
}

static int verify(const pinchbeck_fingerprint* fingerprint, const char* lines, size_t length) {
  pinchbeck_error* error = NULL;
  pinchbeck_verifier* verifier = NULL;
  char* report = NULL;
  int status = 0;
  if (pinchbeck_verifier_new(fingerprint, NULL, 0, "{\"alpha\": 0.01}", &verifier, &error) != PINCHBECK_OK ||
      pinchbeck_verifier_add(verifier, lines, length, &error) != PINCHBECK_OK ||
      pinchbeck_verifier_report(verifier, &report, &error) != PINCHBECK_OK) {
    status = fail(error);
  } else {
    fputs(report, stdout);
  }
  pinchbeck_string_free(report);
  pinchbeck_verifier_free(verifier);
  return status;
}

int main(int argc, char** argv) {
  pinchbeck_error* error = NULL;
  pinchbeck_fingerprint* fingerprint = NULL;
  size_t length = 0;
  char* lines = NULL;
  int status = 0;
  if (argc != 3) {
    fprintf(stderr, "usage: %s FINGERPRINT.json RECORDING.jsonl\n", argv[0]);
    return 2;
  }
  if (pinchbeck_fingerprint_load(argv[1], &fingerprint, &error) != PINCHBECK_OK) return fail(error);
  lines = read_file(argv[2], &length);
  if (lines == NULL) {
    fprintf(stderr, "%s cannot be read\n", argv[2]);
    status = 2;
  } else {
    status = verify(fingerprint, lines, length);
  }
  free(lines);
  pinchbeck_fingerprint_free(fingerprint);
  return status;
}
