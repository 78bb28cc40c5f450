# %% [markdown]
# # Is it the model that it claims to be?
#
# From recordings to a verdict, to the model that answered instead, and to pictures of the difference. Needs no network
# and no key: the recordings are those of the demo, answers of two small models. The cells run one after the other in an
# editor that knows `# %%`, or all at once: `python3 python/examples/audit_notebook.py`.

# %%
import os
import pathlib

from matplotlib import pyplot

import pinchbeck
from pinchbeck import plot

root = pathlib.Path(globals().get("__file__", os.path.abspath("python/examples/audit_notebook.py"))).parents[2]
data = root / "src" / "cli" / "demo_data"

# %% [markdown]
# ## The reference
#
# A fingerprint of an endpoint that we trust, and one of a model that might be served instead.

# %%
reference = pinchbeck.enroll(data / "reference.jsonl.gz", model="flagship-1").fingerprint
other = pinchbeck.enroll(data / "alternative.jsonl.gz", model="small-1").fingerprint
observed = pinchbeck.Recording(data / "swap-relay.jsonl.gz")
print(reference)

# %% [markdown]
# ## The verdict
#
# As the last expression of a notebook's cell, `report` is a table. Its limits and the innocent causes of a difference
# are part of it: read them before you conclude anything.

# %%
report = pinchbeck.verify(reference, observed, alternatives=[other])
print(report)

# %% [markdown]
# ## What differs
#
# The answers to one question, what the servers say of their first tokens, and how fast they are. Latency moves with
# distance and load: it is shown, and does not decide.

# %%
figure, axes = pyplot.subplots(2, 2, figsize=(14, 9), layout="constrained")
plot.answer_histogram(reference, observed, "choice/r01", ax=axes[0, 0])
plot.logprob_scatter(reference, observed, ax=axes[0, 1])
plot.ecdf(reference, observed, quantity="length", ax=axes[1, 0])
plot.latency_quantiles(reference, observed, ax=axes[1, 1])

# %% [markdown]
# ## Which stored model is it?
#
# Shares compare the stored models with each other only; what makes the first one an answer is that its fit is accepted.

# %%
identification = pinchbeck.identify([reference, other], observed)
posterior = plot.posterior(identification)
print(identification.verdict, identification.ranking[0].model)

# %% [markdown]
# ## How soon would a watch have noticed?
#
# A monitor may be read after every answer: an honest endpoint ever raises its alarm with chance 0.01 at most. A relay
# that serves the claimed model is drawn beside.

# %%
honest = pinchbeck.Recording(data / "honest-relay.jsonl.gz")
figure, axes = pyplot.subplots(1, 2, figsize=(14, 4.5), layout="constrained")
decisions = {}
for ax, (name, recording) in zip(axes, [("swapped", observed), ("honest", honest)]):
    monitor = pinchbeck.Monitor(reference, [other])
    path = [monitor.step(observation) for observation in recording]
    plot.e_process(path, monitor, ax=ax)
    decisions[name] = path[-1]
print({name: decision.alarm_at for name, decision in decisions.items()})

# %%
pyplot.show()
