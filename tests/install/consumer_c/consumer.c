/* Reads a fingerprint through the C interface, and meets an error. */
#include <stdio.h>

#include "pinchbeck/c/pinchbeck.h"

int main(int argc, char** argv) {
  pinchbeck_error* error = NULL;
  pinchbeck_fingerprint* fingerprint = NULL;
  pinchbeck_verifier* verifier = NULL;
  if (argc != 2) return 2;
  if (pinchbeck_fingerprint_load("no such file.json", &fingerprint, &error) != PINCHBECK_NOT_FOUND) return 2;
  pinchbeck_error_free(error);
  if (pinchbeck_fingerprint_load(argv[1], &fingerprint, &error) != PINCHBECK_OK ||
      pinchbeck_verifier_new(fingerprint, NULL, 0, NULL, &verifier, &error) != PINCHBECK_OK) {
    fprintf(stderr, "%s\n", pinchbeck_error_message(error));
    return 2;
  }
  printf("%s %s\n", pinchbeck_version(), pinchbeck_fingerprint_model(fingerprint));
  pinchbeck_verifier_free(verifier);
  pinchbeck_fingerprint_free(fingerprint);
  return 0;
}
