/*
 * The floor without Node: libopus decodes each packet, the samples are copied once, the bytes are written, 60 KiB at a
 * time. `floor <packets> <folder>` prints what that took, as JSON; how long the packets take to read does not count.
 *
 * The file of packets, little-endian: how many speakers (32 bits); then frame by frame, of each speaker one packet, its
 * length (16 bits) before it.
 */
#include <fcntl.h>
#include <opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SAMPLE_RATE = 48000, FRAME_SAMPLES = 960, BLOCK_BYTES = 61440 };

typedef struct {
  OpusDecoder *decoder;
  int file;
  size_t filled;
  unsigned char block[BLOCK_BYTES];
} Lane;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static unsigned char *load(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(path);
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*size);
  if (bytes == NULL || fread(bytes, 1, *size, file) != *size) fail(path);
  fclose(file);
  return bytes;
}

static void flush(Lane *lane) {
  if (write(lane->file, lane->block, lane->filled) != (ssize_t)lane->filled) fail("write");
  lane->filled = 0;
}

static void take(Lane *lane, const unsigned char *packet, int length) {
  opus_int16 pcm[FRAME_SAMPLES];
  int samples = opus_decode(lane->decoder, packet, length, pcm, FRAME_SAMPLES, 0);
  if (samples < 0) fail(opus_strerror(samples));
  size_t bytes = (size_t)samples * sizeof pcm[0];
  if (lane->filled + bytes > BLOCK_BYTES) flush(lane);
  memcpy(lane->block + lane->filled, pcm, bytes);
  lane->filled += bytes;
}

static double cpu_seconds(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) fail("getrusage");
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  size_t size;
  unsigned char *bytes = load(arguments[1], &size);
  uint32_t speakers;
  memcpy(&speakers, bytes, sizeof speakers);
  Lane *lanes = calloc(speakers, sizeof *lanes);
  if (lanes == NULL) fail("memory");
  for (uint32_t speaker = 0; speaker < speakers; speaker++) {
    char path[4096];
    int error;
    snprintf(path, sizeof path, "%s/%u.pcm", arguments[2], speaker);
    lanes[speaker].file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (lanes[speaker].file < 0) fail(path);
    lanes[speaker].decoder = opus_decoder_create(SAMPLE_RATE, 1, &error);
    if (error != OPUS_OK) fail("decoder");
  }

  double before = cpu_seconds();
  size_t packets = 0;
  for (size_t at = sizeof speakers; at + 2 <= size; packets++) {
    int length = bytes[at] | bytes[at + 1] << 8;
    take(&lanes[packets % speakers], bytes + at + 2, length);
    at += 2 + (size_t)length;
  }
  for (uint32_t speaker = 0; speaker < speakers; speaker++) flush(&lanes[speaker]);
  printf("{\"packets\":%zu,\"cpuSeconds\":%.6f}\n", packets, cpu_seconds() - before);
  return 0;
}
