"""What a task that does nothing costs in another scheduler, from the first submission to the last result.

    python schedulers.py hyperqueue|ray|ray-kept TASKS
"""
import os
import sys
import time

kind, tasks = sys.argv[1], int(sys.argv[2])
cores = len(os.sched_getaffinity(0))


def hyperqueue():
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig

    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=cores))
        client = cluster.client()

        def run(count):
            job = Job()
            for _ in range(count):
                job.program(["/bin/true"], stdout=None, stderr=None)
            client.wait_for_jobs([client.submit(job)])

        run(20)
        begun = time.monotonic()
        run(tasks)
        return time.monotonic() - begun


def ray(kept):
    import ray

    ray.init(num_cpus=cores, include_dashboard=False, logging_level="error", log_to_driver=False)
    folder = os.path.abspath("results")
    os.makedirs(folder, exist_ok=True)

    @ray.remote
    def nothing(number):
        if not kept:
            return 0.5
        part = os.path.join(folder, f"{number}.part")
        with open(part, "w") as file:
            file.write('{"accuracy": 0.5}')
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, part[:-5])
        return 0.5

    ray.get([nothing.remote(-i) for i in range(1, 200)])
    begun = time.monotonic()
    ray.get([nothing.remote(i) for i in range(tasks)])
    return time.monotonic() - begun


seconds = hyperqueue() if kind == "hyperqueue" else ray(kind == "ray-kept")
print(kind, round(seconds / tasks * 1e6))
