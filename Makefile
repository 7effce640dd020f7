# The front doors. Each sets up what is missing; the work is done by one script each.
.PHONY: help run test soak bench check build queries safeguards

help:
	@echo 'make run      sets up what is missing, builds, and starts the desk with the Ada sandbox'
	@echo 'make test     sets up what is missing and runs every test: unit, integration, a short storm, browser'
	@echo 'make soak     the long storm: minutes of kills, cuts and faults, then a check that nothing was lost or doubled'
	@echo 'make bench    runs the benchmarks and prints one table of ratios; BENCH_ROWS=P1,P2 for some of them'
	@echo 'make check    formatting, lints, licences and advisories, query descriptions'
	@echo 'make build    release build of both halves: target/release/babbage and target/site'
	@echo 'make safeguards  takes one safeguard after the other away: a test must notice each'
	@echo 'make queries  describes the SQL queries anew in .sqlx, after a change of SQL or migrations'

run:
	@exec ./scripts/run

test:
	@exec ./scripts/test

soak:
	@exec ./scripts/soak

bench:
	@exec ./scripts/bench

check:
	@exec ./scripts/check

build:
	@exec ./scripts/build

safeguards:
	@exec ./scripts/safeguards

queries:
	@exec ./scripts/prepare-queries
