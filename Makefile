# Everything goes through npm scripts, which run on the Node that package.json pins. ARGS goes to the command:
#   make run ARGS="--demo --broker angel --rate 500"

.PHONY: run test bench bench-quick chaos soak lint format check build clean

run:
	@npm run --silent start -- $(ARGS)

test:
	@npm run --silent test -- $(ARGS)

bench:
	@npm run --silent bench -- $(ARGS)

bench-quick:
	@npm run --silent bench:quick -- $(ARGS)

chaos:
	@npm run --silent chaos -- $(ARGS)

soak:
	@npm run --silent soak -- $(ARGS)

lint:
	@npm run --silent lint

format:
	@npm run --silent format

check:
	@npm run --silent check

build:
	@npm run --silent build

clean:
	rm -rf node_modules dist
