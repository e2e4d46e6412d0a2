import pulumi
import pulumi_vm_placement as vm_placement

config = pulumi.Config()

db = vm_placement.VmPlacement(
    "db",
    domain=config.require("domain"),
    host=config.require("host"),
    migration=vm_placement.MigrationArgs(auto_converge=True, timeout="2m"),
)

pulumi.export("where", db.current_host)
