"""What a month costs at Google: counted Firestore operations times list prices, and what stands still.

US dollars. Prices are Google's lists for Jakarta where one was found, else the dearer multi-region list, without free
tiers: an upper bound. What providers take for messages is not in it, and is most (README, "What it costs").
"""

from typing import Any

from tests.bench.operations import operations_of_one_complaint

DAYS = 30
WRITE, READ, DELETE = 0.18 / 100_000, 0.06 / 100_000, 0.02 / 100_000
STORED = 0.18  # Firestore, a GiB a month
CPU_SECOND, GIB_SECOND, REQUEST = 3.36e-5, 3.5e-6, 4e-7  # Cloud Run, tier 2
IDLE_CPU_SECOND = 3.5e-6  # of an instance that is kept warm
TASK, KMS_OPENING, KEPT = 4e-7, 3e-6, 0.023  # a task; an opening of a NIK; evidence, a GiB a month
MONTH = DAYS * 86_400  # seconds

# Of one complaint, beside Firestore: requests at 100 ms of one CPU and 512 MiB, tasks, and what stays.
REQUESTS, TASKS, SECONDS, GIB = 24, 12, 0.1, 0.5
EVIDENCE_GIB, DOCUMENTS_GIB = 0.5 / 1000, 0.00005
EXPIRING = 4  # documents that are deleted after their time
# Calls of the schedules, each with a few reads: the sweep each minute, what is owed every ten.
SCHEDULED, READS_OF_SCHEDULES = DAYS * 1440 * 1.1, 6
STANDING_STILL = {"HSM key": 2.5, "load balancer": 18.3 + 5 + 1, "scheduler": 0.2, "logs and alerts": 5.0}


def cost_of_a_month() -> dict[str, Any]:
    """The figure, for a regency's 60 complaints a day and for a country's 50,000."""
    counted = operations_of_one_complaint()
    one = {
        "Firestore": counted["writes"] * WRITE + counted["reads"] * READ + EXPIRING * DELETE,
        "functions": REQUESTS * (SECONDS * (CPU_SECOND + GIB * GIB_SECOND) + REQUEST),
        "tasks and key": TASKS * TASK + KMS_OPENING,
    }
    # After a year: everything of twelve months is still there.
    kept = 12 * DAYS * (EVIDENCE_GIB * KEPT + DOCUMENTS_GIB * STORED)
    idle = MONTH * (IDLE_CPU_SECOND + GIB * GIB_SECOND)
    schedules = SCHEDULED * (SECONDS * (CPU_SECOND + GIB * GIB_SECOND) + REQUEST + READS_OF_SCHEDULES * READ)
    fixed = {**STANDING_STILL, "one warm intake": idle, "schedules": schedules}
    return {
        "figure": "cost_of_a_month",
        "one_complaint": {name: round(price, 6) for name, price in one.items()},
        "standing_still": {name: round(price, 2) for name, price in fixed.items()},
        "a_month": {
            str(a_day): round(sum(fixed.values()) + a_day * (DAYS * sum(one.values()) + kept), 2)
            for a_day in (60, 50_000)
        },
    }
