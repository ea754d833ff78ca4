/* Sums and fractions are held in 128 bits: every int64 of 2^32 areas adds up without overflow. */
#ifndef SUANPAN_BASE_INT128_H
#define SUANPAN_BASE_INT128_H

__extension__ typedef __int128 int128;

#endif
