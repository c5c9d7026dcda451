"""What the OpenAI, Anthropic and LiteLLM packages make of policies: `readers.py FOLDER MANIFEST` prints it as JSON."""

import asyncio
import json
import os
import sys
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import yaml
from anthropic.types.beta import BetaMCPToolConfigParam, BetaMCPToolsetParam, BetaRequestMCPServerURLDefinitionParam
from litellm.proxy.mcp_server.mcp_server_manager import MCPServerManager
from openai.types.responses.tool_param import Mcp
from pydantic import TypeAdapter, ValidationError

folder, manifest = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
names = [tool["name"] for tool in manifest["tools"]] + ["added_tomorrow"]


def check(kind, value):
    """The value as the package's own type takes it, with no key that the type does not have."""
    TypeAdapter(kind).validate_python(value)
    unknown = set(value) - set(kind.__annotations__) - {"type", "configs", "default_config"}
    assert not unknown, (kind, unknown)


def refuses(kind, value):
    try:
        check(kind, value)
    except (ValidationError, AssertionError):
        return True
    return False


def openai():
    tool = json.loads((folder / "openai/hosted-mcp-tool.json").read_text(encoding="utf-8"))
    check(Mcp, tool)
    assert refuses(Mcp, tool | {"require_approval": "sometimes"})
    approval = tool["require_approval"]

    def decide(name):
        if name not in tool["allowed_tools"]:
            return "absent"
        if name in approval["never"]["tool_names"]:
            return "ran"
        assert name in approval["always"]["tool_names"]
        return "asked"

    return {name: decide(name) for name in names}


def anthropic():
    request = json.loads((folder / "claude-api/mcp_toolset.json").read_text(encoding="utf-8"))
    [server], [toolset] = request["mcp_servers"], request["tools"]
    check(BetaRequestMCPServerURLDefinitionParam, server)
    check(BetaMCPToolsetParam, toolset)
    assert refuses(BetaMCPToolsetParam, toolset | {"configs": {"x": {"enabled": "perhaps"}}})
    for config in toolset["configs"].values():
        check(BetaMCPToolConfigParam, config)
    default = toolset["default_config"]["enabled"]
    on = {name: toolset["configs"].get(name, {}).get("enabled", default) for name in names}
    return {name: "ran" if on[name] else "absent" for name in names}


def litellm():
    config = yaml.safe_load((folder / "litellm/config.yaml").read_text(encoding="utf-8"))
    manager = MCPServerManager()
    # Not `asyncio.run`, which would wait for tasks of LiteLLM's that never end.
    asyncio.new_event_loop().run_until_complete(manager.load_servers_from_config(config["mcp_servers"]))
    [server] = manager.config_mcp_servers.values()
    allowed = {name: manager.check_allowed_or_banned_tools(name, server) for name in names}
    return {name: "ran" if allowed[name] else "absent" for name in names}


print(json.dumps({"openai": openai(), "claude-api": anthropic(), "litellm": litellm()}), flush=True)
os._exit(0)
