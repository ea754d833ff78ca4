#include "clients/simulate/diary.h"
#include "proto/decimal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_text(FILE *stream, const char *text)
{
	bool quoted = text && text[strcspn(text, ",\"\n")];
	if (quoted)
		fputc('"', stream);
	for (; text && *text; text++) {
		if (*text == '"')
			fputc('"', stream);
		fputc(*text, stream);
	}
	if (quoted)
		fputc('"', stream);
}

static void write_figure(const struct catalogue *catalogue, const struct figure *figure, FILE *stream)
{
	const struct statistic *statistic = &catalogue->statistics[figure->statistic];
	char period[PERIOD_TEXT_SIZE], value[DECIMAL_TEXT_SIZE];
	period_format(figure->period, period);
	decimal_format(figure->value, statistic->decimals, value);
	fprintf(stream, "%s,%s,%s,%s,%c,", statistic->code, catalogue->areas[figure->area].code, period,
	        value, figure->status);
	write_text(stream, figure->note);
	fputc('\n', stream);
}

int errand_write(const struct catalogue *catalogue, const struct errand *errand, FILE *stream)
{
	fputs("statistic,area,period,value,status,note\n", stream);
	for (size_t i = 0; i < errand->count; i++)
		write_figure(catalogue, &errand->figures[i], stream);
	return fflush(stream) || ferror(stream) ? -EIO : 0;
}

char *errand_name(const struct catalogue *catalogue, const struct errand *errand)
{
	char day[PERIOD_TEXT_SIZE], *name;
	diary_day_format(errand->day, day);
	if (asprintf(&name, "%s-%02d%02d-%s-%s-%s.csv", day, errand->minute / 60, errand->minute % 60,
	             catalogue->reporters[errand->reporter].code, errand_kind_name(errand->kind),
	             errand->label) < 0)
		return NULL;
	return name;
}

static FILE *open_file(const char *folder, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return NULL;
	FILE *stream = fopen(path, "wbe");
	free(path);
	return stream;
}

static int write_errand(const struct diary *diary, const struct errand *errand, const char *folder,
                        FILE *index)
{
	char *name = errand_name(diary->catalogue, errand), day[PERIOD_TEXT_SIZE];
	FILE *stream = name ? open_file(folder, name) : NULL;
	int fault = !name ? -ENOMEM : stream ? errand_write(diary->catalogue, errand, stream) : -errno;
	if (stream && fclose(stream) && !fault)
		fault = -errno;
	diary_day_format(errand->day, day);
	fprintf(index, "%s,%02d:%02d,%s,%s,%s,", day, errand->minute / 60, errand->minute % 60,
	        diary->catalogue->reporters[errand->reporter].code, errand_kind_name(errand->kind),
	        name ? name : "");
	write_text(index, errand->correction);
	fprintf(index, ",%s\n", errand->is_to_be_refused ? "refused" : "");
	free(name);
	return fault;
}

int diary_write(const struct diary *diary, const char *folder)
{
	if (mkdir(folder, 0777) && errno != EEXIST)
		return -errno;
	FILE *index = open_file(folder, "diary.csv");
	if (!index)
		return -errno;
	int fault = 0;
	fputs("day,time,reporter,kind,file,correction,expected\n", index);
	for (size_t i = 0; i < diary->errand_count && !fault; i++)
		fault = write_errand(diary, &diary->errands[i], folder, index);
	if (fclose(index) && !fault)
		fault = -errno;
	return fault;
}
