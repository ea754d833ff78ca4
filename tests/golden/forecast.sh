# What is to come, seen from February 2021: jobs have five years of months behind them, beds one, and residents one census. A
# hand-wound clock, so that the plan under way is always the same.
# shellcheck disable=SC2016 # for the inner shell
echo 1612922400000 >"$TMPDIR/clock" # 2021-02-10T10:00 in China
export SUANPAN_CLOCK_FILE="$TMPDIR/clock"
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	suanpan forecast new_urban_jobs_10k --to 2021-06
	suanpan forecast new_urban_jobs_10k --to 2021-02 --format csv
	suanpan forecast hospital_beds_per_1000 --to 2022
	suanpan forecast resident_population_10k --area outer
	suanpan backtest new_urban_jobs_10k
	suanpan backtest new_urban_jobs_10k --horizon 1 --format json
	suanpan backtest resident_population_10k --format csv
	suanpan forecast new_urban_jobs_10k --to 2019
	suanpan backtest new_urban_jobs_10k --horizon 100
	suanpan forecast new_urban_job_10k || :'
