/* An alert as it is shown: its facts as fields, and the sentence that they make in the words' language. */
#ifndef SUANPAN_QUERY_WORDING_ALERT_H
#define SUANPAN_QUERY_WORDING_ALERT_H

#include "daemon/alert/alert.h"
#include "daemon/query/wording.h"

/* What is no longer in the catalogue goes by its code. */
Suanpan__Alert wording_alert(struct wording *words, const struct alert *alert);

#endif
