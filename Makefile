# さわって学ぶ機械学習と深層学習。`make` だけで使えるものの一覧が出ます。
PYTHON ?= python3
BIN := .venv/bin
COLAB := .venv/colab/bin
READY := .venv/ready
COLAB_READY := .venv/colab/ready
TYPESCRIPT := typescript@7.0.2
TSC := .venv/$(TYPESCRIPT)/node_modules/.bin/tsc
PORT ?= 8000
# Numbers are rounded as when the book is built, so that a test sees what a page says.
AS_BUILT := OMP_NUM_THREADS=1 MKL_CBWR=AUTO,STRICT

# One stage of the tests: its name, its command, and how long it took; all together at the end of `make test`.
TIMES := .venv/seconds
$(shell rm -f $(TIMES))
stage = $(if $(3),$(error $(1)：命令にコンマがあると、そこから後ろが実行されません))@echo "== $(1)"; start=$$(date +%s); $(2) || { echo "== $(1)：失敗"; exit 1; }; \
	took=$$(( $$(date +%s) - start )); echo "== $(1)：$$took 秒"; printf '%6d  %s\n' $$took '$(1)' >> $(TIMES)

help: ## この一覧
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

book: $(READY) ## 本を作る（_build/html）
	@$(BIN)/jupyter-book build . --all
	@echo "できました：$(CURDIR)/_build/html/index.html"

serve: $(READY) ## 本を作り、手元のサーバーで開けるようにする
	@$(BIN)/jupyter-book build .
	@echo "http://127.0.0.1:$(PORT)/ を開いてください（終わるときは Ctrl+C）"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(READY) ## 章を JupyterLab で開く
	@$(BIN)/jupyter lab --notebook-dir=book

site: $(READY) ## 公開するサイトを作る（REPOSITORY=持ち主/名前）
	@$(BIN)/python tools/publish.py $(if $(REPOSITORY),--repository '$(REPOSITORY)') $(if $(ADDRESS),--address '$(ADDRESS)')

test: $(READY) $(TSC) chromium firefox-esr bubblewrap lint types unit notebooks build browser firefox ## すべてのテスト
	@echo "すべてのテストが通りました。段階ごとの秒数："
	@awk '{ sum += $$1; print } END { printf "%6d  合計\n", sum }' $(TIMES)

test-fast: $(READY) lint types unit notebooks ## ブラウザと本の組み立てを除いたテスト

test-colab: $(READY) $(COLAB_READY) ## Colab と同じ版のライブラリでのテスト
	$(call stage,Colab,OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal tests/colab --durations=5)

test-hub: $(READY) npm chromium ## 教室の JupyterHub の設定のテスト（Node.js の npm が要ります）
	@$(BIN)/pip install --quiet --disable-pip-version-check -r tests/hub/requirements.txt
	@npm install --silent --no-save --prefix .venv/hub configurable-http-proxy@5.3.0
	$(call stage,JupyterHub,$(BIN)/pytest -q tests/hub)

lint:
	$(call stage,書き方,$(BIN)/ruff check . && $(BIN)/ruff check --quiet --isolated --select F401 --select F811 --select F841 book && $(BIN)/ruff format --check . && $(BIN)/python tools/notebooks.py --check book)

types: $(TSC)
	$(call stage,型,$(BIN)/mypy && $(TSC) --project .)

unit:
	$(call stage,単体テスト,OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 tests/unit tests/exercises)

notebooks:
	$(call stage,ノートブック,PYTHONPATH=tests/notebooks $(AS_BUILT) $(BIN)/pytest -q -p peak_memory -p whole_chapter --nbval-lax --nbval-cell-timeout=120 --dist loadscope -n 2 -p no:cacheprovider book --durations=5)

build:
	$(call stage,本の組み立て,$(BIN)/jupyter-book build . --all -W -n --keep-going)
	$(call stage,小さな本の組み立て,OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile tests/build)
	$(call stage,できた本,$(BIN)/pytest -q tests/site --durations=5)

browser:
	$(call stage,ブラウザ,$(BIN)/pytest -q -n 2 tests/browser --durations=5)

firefox:
	$(call stage,Firefox,$(BIN)/pytest -q -n 2 tests/firefox --durations=5)

links: ## できた本の中のリンク切れを調べ、外へのリンクを一覧にする
	@$(BIN)/python tools/links.py

npm:
	@command -v npm >/dev/null || { echo "npm がありません。Debian・Ubuntu では apt install npm を実行してください。"; exit 1; }

chromium:
	@sh tests/install_chromium.sh

firefox-esr:
	@sh tests/install_firefox.sh

bubblewrap:
	@sh tests/install_bubblewrap.sh

bench: book chromium ## 速さと大きさを測り、benchmarks/README.md の表を書き直す
	@$(BIN)/pip install --quiet --editable '.[bench]'
	@$(BIN)/python benchmarks/run.py

weights: $(READY) ## 章が読み込む学習済みの重みを作り直す
	@for script in assets/weights/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

format: $(READY) ## コードとノートブックの書き方をそろえる
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . && $(BIN)/python tools/notebooks.py --fix book

clean: ## 作ったものを消す（.venv は残す）
	@rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 以上が要ります。PYTHON=python3.12 make … のように指定してください。"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { \
		echo "venv を作れません。Debian・Ubuntu では apt install python3-venv を実行してください。"; exit 1; }
	@echo "環境を用意しています（最初は数分かかります）"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

$(COLAB_READY): requirements.lock tests/colab.txt
	@test -x $(COLAB)/pip || $(PYTHON) -m venv .venv/colab
	@echo "Colab と同じ環境を用意しています（最初は数分かかります）"
	@$(COLAB)/pip install --quiet --disable-pip-version-check -r tests/colab.txt $$(grep ^torch== requirements.lock)
	@touch $(COLAB_READY)

$(TSC): | npm
	@npm install --silent --no-save --prefix .venv/$(TYPESCRIPT) $(TYPESCRIPT)

# The stages share two cores, one build folder and one screen: one after another, also under `make -j`.
.NOTPARALLEL:
.PHONY: help book serve lab site test test-fast test-colab test-hub lint types unit notebooks build browser firefox links npm chromium firefox-esr bubblewrap bench weights format clean
