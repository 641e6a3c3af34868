"""LitServe with the same model: two workers, one thread each, nothing batched."""

import os
import sys
from typing import Any

import lightgbm
import litserve
import numpy as np


class Delay(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.booster: Any = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])

    def decode_request(self, request):  # an annotation would make it a query parameter
        return np.array(request["dataframe_split"]["data"], dtype=np.float64)

    def predict(self, x):
        return self.booster.predict(x, num_threads=1)

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Delay(api_path="/predict"), accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
