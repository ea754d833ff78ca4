#include "clients/query/commands.h"

#include "clients/query/session.h"
#include <inttypes.h>

struct fact {
	const char *key, *value;
};

static const struct column columns[] = {
    {.header = "key", .title = N_("Key"), COLUMN_STRING(struct fact, key)},
    {.header = "value", .title = N_("Value"), .type = COLUMN_NUMBER, COLUMN_STRING(struct fact, value)},
    {.header = NULL},
};

static int add_text(struct output *output, const char *key, const char *value)
{
	const struct fact fact = {.key = key, .value = value};

	return output_row(output, &fact);
}

static int add_count(struct output *output, const char *key, uint64_t count)
{
	char text[sizeof "18446744073709551615"];

	snprintf(text, sizeof text, "%" PRIu64, count);
	return add_text(output, key, text);
}

#define COUNT_IF_TOLD(field)                                                                                 \
	{                                                                                                    \
		.key = #field, .count = status->field, .absent = !status->has_##field                        \
	}

/* In the order of the message, most asked for first. */
static int add_status(struct output *output, const Suanpan__Status *status)
{
	const struct {
		const char *key, *text;
		uint64_t count;
		bool absent; /* of a daemon that does not tell */
	} facts[] = {
	    {.key = "version", .text = status->version},
	    {.key = "format", .count = status->format},
	    {.key = "commit", .count = status->commit},
	    {.key = "entries", .count = status->entries},
	    {.key = "observations", .count = status->observations},
	    {.key = "revisions", .count = status->revisions},
	    {.key = "values", .count = status->values},
	    {.key = "refused", .count = status->refused},
	    {.key = "head", .text = status->head},
	    {.key = "epoch", .count = status->epoch},
	    {.key = "started", .text = status->started},
	    {.key = "map_bytes", .count = status->map_bytes},
	    {.key = "used_bytes", .count = status->used_bytes},
	    {.key = "recomputed", .count = status->recomputed, .absent = !status->has_recomputed},
	    {.key = "recomputed_in_all",
	     .count = status->recomputed_in_all,
	     .absent = !status->has_recomputed_in_all},
	    {.key = "changed", .count = status->changed, .absent = !status->has_changed},
	    {.key = "catalogue", .text = status->catalogue, .absent = !status->catalogue},
	    {.key = "archived", .count = status->archived, .absent = !status->has_archived},
	    {.key = "disk_free_bytes",
	     .count = status->disk_free_bytes,
	     .absent = !status->has_disk_free_bytes},
	    {.key = "disk_reserve_bytes",
	     .count = status->disk_reserve_bytes,
	     .absent = !status->has_disk_reserve_bytes},
	    COUNT_IF_TOLD(alerts_open),
	    COUNT_IF_TOLD(alerts_acknowledged),
	    {.key = "refusing", .text = status->refusing, .absent = !status->refusing},
	    COUNT_IF_TOLD(connections),
	    COUNT_IF_TOLD(connections_closed),
	    COUNT_IF_TOLD(connections_silent),
	    COUNT_IF_TOLD(handshakes),
	    COUNT_IF_TOLD(handshakes_strange),
	    COUNT_IF_TOLD(handshakes_limited),
	    COUNT_IF_TOLD(messages_forbidden),
	    COUNT_IF_TOLD(messages_dropped),
	    COUNT_IF_TOLD(reports_foreign),
	    COUNT_IF_TOLD(reports_overloaded),
	    COUNT_IF_TOLD(answers_unread),
	    COUNT_IF_TOLD(subscriptions_denied),
	    COUNT_IF_TOLD(acts),
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof facts / sizeof facts[0]; i++) {
		if (facts[i].absent)
			continue;
		result = facts[i].text ? add_text(output, facts[i].key, facts[i].text)
		                       : add_count(output, facts[i].key, facts[i].count);
	}
	return result;
}

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;

	return answer->status ? add_status(printing->output, answer->status) : 0;
}

int status_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	(void)arguments;
	if (settings_check(settings))
		return EXIT_USAGE;
	query.status = &status;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format, .columns = columns},
	                     take, &printing);
}
