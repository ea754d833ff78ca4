#include "clients/report/complaints.h"
#include "clients/report/csv.h"
#include "clients/report/rows.h"
#include "clients/simulate/truth.h"
#include "proto/decimal.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *name, const char *what)
{
	fprintf(stderr, "suanpan-simulate: %s: %s\n", name, what);
	return TRUTH_REFUSED;
}

static int read_bytes(const char *folder, const char *name, char **ret_bytes, size_t *ret_size)
{
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	FILE *stream = fopen(path, "rbe");
	free(path);
	if (!stream)
		return refuse(name, strerror(errno));
	int fault = csv_read_stream(stream, ret_bytes, ret_size);
	fclose(stream);
	return fault;
}

/* "liwan-census.csv" is Liwan's. */
static uint32_t find_reporter(const struct catalogue *catalogue, const char *name)
{
	const char *end = strrchr(name, '-');
	char code[64];
	if (!end || (size_t)(end - name) >= sizeof code)
		return CATALOGUE_NONE;
	memcpy(code, name, (size_t)(end - name));
	code[end - name] = '\0';
	return catalogue_find_reporter(catalogue, code);
}

static int take_figure(const struct catalogue *catalogue, const struct rows *rows,
                       const struct observation *observation, struct figure *ret_figure)
{
	const char *statistic = rows->statistics.list[observation->statistic];
	const char *area = rows->areas.list[observation->area];
	struct figure figure = {
	    .statistic = catalogue_find_statistic(catalogue, statistic),
	    .area = catalogue_find_area(catalogue, area),
	    .period = observation->period,
	    .status = observation->status,
	    .note = observation->note,
	};
	if (figure.statistic == CATALOGUE_NONE || figure.area == CATALOGUE_NONE)
		return refuse(statistic, "the catalogue does not know it, or its area");
	if (decimal_rescale(observation->value, observation->decimals,
	                    catalogue->statistics[figure.statistic].decimals, &figure.value))
		return refuse(statistic, "more decimals than the statistic has");
	*ret_figure = figure;
	return 0;
}

static int take_figures(const struct catalogue *catalogue, const struct rows *rows, struct past_file *file)
{
	file->figures = calloc(rows->count + 1, sizeof *file->figures);
	int answer = file->figures ? 0 : -ENOMEM;
	for (size_t i = 0; i < rows->count && !answer; i++) {
		answer = take_figure(catalogue, rows, &rows->list[i], &file->figures[i]);
		file->count += !answer;
	}
	return answer;
}

static int read_rows(const struct catalogue *catalogue, struct past_file *file, size_t size)
{
	const char *names[] = {file->name};
	struct complaints complaints = {0};
	struct rows *rows = NULL;
	int answer = rows_new(NULL, WORDS_NONE, &complaints, &rows);
	if (!answer)
		answer = rows_read(rows, 0, file->bytes, size);
	if (!answer)
		answer = rows_finish(rows, names);
	if (!answer && complaints.count > 0) {
		complaints_print(&complaints, names, stderr);
		answer = TRUTH_REFUSED;
	}
	if (!answer)
		answer = take_figures(catalogue, rows, file);
	rows_free(rows);
	complaints_done(&complaints);
	return answer;
}

static int read_file(const struct catalogue *catalogue, const char *folder, const char *name,
                     struct past_file *file)
{
	size_t size = 0;
	file->reporter = find_reporter(catalogue, name);
	if (file->reporter == CATALOGUE_NONE)
		return refuse(name, "not a file of one of the catalogue's reporters");
	file->name = strdup(name);
	if (!file->name)
		return -ENOMEM;
	int answer = read_bytes(folder, name, &file->bytes, &size);
	return answer ? answer : read_rows(catalogue, file, size);
}

static int is_csv(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0;
}

int past_read(const struct catalogue *catalogue, const char *folder, struct past *ret_past)
{
	struct dirent **entries;
	struct past past = {0};
	int count = scandir(folder, &entries, is_csv, alphasort), answer = 0;
	if (count < 0)
		return refuse(folder, strerror(errno));
	past.files = calloc((size_t)count + 1, sizeof *past.files);
	if (!past.files)
		answer = -ENOMEM;
	for (int i = 0; i < count; i++) {
		if (!answer)
			answer = read_file(catalogue, folder, entries[i]->d_name, &past.files[past.count++]);
		free(entries[i]);
	}
	free(entries);
	if (answer)
		past_done(&past);
	else
		*ret_past = past;
	return answer;
}

void past_done(struct past *past)
{
	for (size_t i = 0; i < past->count; i++) {
		free(past->files[i].name);
		free(past->files[i].bytes);
		free(past->files[i].figures);
	}
	free(past->files);
	*past = (struct past){0};
}
