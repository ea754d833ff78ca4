#include "daemon/base/fault.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

const char *fault_text(int fault)
{
	switch (fault) {
	case 0:
		return "no fault";
	case FAULT_CORRUPT:
		return "stored bytes are damaged";
	case FAULT_FORMAT:
		return "the store was written by a newer version of Suanpan";
	case FAULT_MAP_FULL:
		return "the store is full and could not grow";
	case FAULT_STORE:
		return "the store refused";
	case FAULT_SOCKET:
		return "the socket library refused";
	case FAULT_CONFIG:
		return "the configuration is wrong";
	case FAULT_UNKNOWN:
		return "nobody knows whether the commit is on disk";
	case FAULT_DISK_LOW:
		return "the disk is nearly full; reports are taken again as soon as there is room";
	default:
		break;
	}
	/* strerrordesc_np rather than strerror: static storage, any thread, never translated. */
	const char *text = fault < 0 && fault != INT_MIN ? strerrordesc_np(-fault) : NULL;
	return text ? text : "unknown fault";
}
