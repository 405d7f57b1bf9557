"""Groups the lines of a file with drain3, which alone is in the environment that runs this.

Takes the file, a JSON list of texts, and "masked" for masks of times, addresses, ids and numbers. Prints as JSON
the seconds, and for every line the number of its group.
"""

import json
import sys
import time
from pathlib import Path

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

MASKS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?", "time"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "ip"),
    (r"\b(?=[a-f]*\d)[0-9a-f]{7,}\b", "hex"),
    (r"\b\d+(?:\.\d+)?", "n"),
)
"""What differs from line to line, in drain3's own words for it."""


def main() -> None:
    lines = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    config = TemplateMinerConfig()
    if sys.argv[2] == "masked":
        config.masking_instructions = [MaskingInstruction(pattern, word) for pattern, word in MASKS]
    miner = TemplateMiner(config=config)
    began = time.perf_counter()
    groups = [miner.add_log_message(line)["cluster_id"] for line in lines]
    took = time.perf_counter() - began
    print(json.dumps({"seconds": took, "groups": groups}))


if __name__ == "__main__":
    main()
