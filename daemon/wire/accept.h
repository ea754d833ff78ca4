/* How many peers may be connected: as many as leave the daemon some descriptors for its own files.
 *
 * libzmq 4.3.4 accepts until there are no descriptors left. Then it ends the process if the endpoint is ipc://, and spins on it
 * at 100 % of a processor if it is tcp://. Its call of accept4 comes to ours instead, which lets a peer go that is one too many (it
 * knocks again by itself), and which never says that descriptors ran out. */
#ifndef SUANPAN_WIRE_ACCEPT_H
#define SUANPAN_WIRE_ACCEPT_H

#include "daemon/base/fault.h"

/* Raises this process's limit of descriptors as far as it may, and keeps some of them from peers. Before anything is bound. */
int MUST_CHECK accept_keep_descriptors(void);

#endif
