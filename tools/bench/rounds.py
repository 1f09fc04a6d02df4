"""Interleaved rounds: each contestant in turn, again and again, so that what disturbs the machine affects all."""

import sys
from statistics import median

from contestants import CONTESTANTS
from environment import CACHE, variables
from load import check, measure
from processes import Server
from workloads import MOST_CONNECTIONS, WORKLOADS


class Row:
    """What was measured of one contestant under one workload with one number of connections."""

    def __init__(self, contestant, fault=None):
        self.contestant = contestant
        self.fault = fault
        self.samples = []

    def middle(self, name):
        """Return the median over the rounds of one of the sample's figures."""
        return median([getattr(sample, name) for sample in self.samples])

    @property
    def errors(self):
        """All errors of all rounds."""
        return sum(sample.errors for sample in self.samples)


def _start(family):
    """Start a server for each contestant of a family; return {contestant: server}."""
    servers = {}
    for contestant in CONTESTANTS:
        if contestant.family != family:
            continue
        log = CACHE / f"{family}-{contestant.module}-{len(servers)}.log"
        server = Server(contestant.command, variables(*contestant.paths), log)
        try:
            server.wait_until_ready()
        except RuntimeError as error:
            print(f"bench: {contestant.name} {error}", file=sys.stderr)
        else:
            servers[contestant] = server
    return servers


def run_family(family, options):
    """Measure a family; yield (workload, number of connections, rows) in the order of the tables."""
    servers = _start(family)
    try:
        for workload in WORKLOADS:
            if options.workloads and workload.name not in options.workloads:
                continue
            for count in workload.connections:
                wanted = not options.connections or count in options.connections
                if wanted and count <= MOST_CONNECTIONS.get(family, count):
                    yield workload, count, _run(workload, count, servers, options)
    finally:
        for server in servers.values():
            server.stop()


def _run(workload, count, servers, options):
    rows = {}
    for contestant, server in servers.items():
        fault = "-" if workload.name in contestant.lacks else check(server.port, workload)
        rows[contestant] = Row(contestant, fault)
    for _ in range(options.rounds):
        for contestant, row in rows.items():
            if row.fault is None:
                try:
                    row.samples.append(measure(servers[contestant], workload, count, options.seconds))
                except RuntimeError as error:
                    row.fault = str(error)
    return list(rows.values())
