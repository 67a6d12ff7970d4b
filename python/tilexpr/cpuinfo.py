"""What numexpr says of the machine: `cpu.info[0]` is a dictionary."""

import platform


class _Cpu:
    def __init__(self):
        self.info = [self._read()]

    @staticmethod
    def _read():
        info = {"machine": platform.machine(), "ProcessorNameString": platform.processor()}
        try:
            with open("/proc/cpuinfo") as lines:
                for line in lines:
                    key, _, value = line.partition(":")
                    if not key.strip():
                        break
                    info[key.strip()] = value.strip()
        except OSError:
            pass
        info["VendorIdentifier"] = info.get("vendor_id", "")
        info["ProcessorNameString"] = info.get("model name", info["ProcessorNameString"])
        info["~MHz"] = info.get("cpu MHz", "")
        return info


cpu = _Cpu()
