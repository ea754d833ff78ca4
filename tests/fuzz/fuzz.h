/* What libFuzzer calls in a target, and what it lends to one. */
#ifndef SUANPAN_TESTS_FUZZ_FUZZ_H
#define SUANPAN_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Once, before anything else; a target may leave it out. Answers 0. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
/* One input. Answers 0; what is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
/* Another input made of this one, in place; a target may leave it out. Answers its size, `room` at most. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

/* Lent: bytes mutated in place, with the dictionary and whatever comparisons were seen. Answers the new size. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

#endif
