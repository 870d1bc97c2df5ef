"""Writes fixtures/chat-templates.json.gz: chat templates, conversations, and what transformers' apply_chat_template makes of them.

    python test/parity/chat_templates.py

The templates are written here, in the manner of published families. Each case has the rendered text, or null where the
template refuses the conversation. Versions: requirements.txt. The tests need no Python.
"""

import gzip
import json
from datetime import datetime
from pathlib import Path

import transformers.utils.chat_template_utils as utils
from jinja2.exceptions import TemplateError
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).parent / "fixtures" / "chat-templates.json.gz"
DATE = datetime(2026, 3, 7, 9, 5, 3)

CHATML = """{% for m in messages %}{% if loop.first and m.role != 'system' %}{{ '<|im_start|>system\\nBe of help.<|im_end|>\\n' }}{% endif %}\
{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

QWEN_TOOLS = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content ~ '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\nSignatures within <tools></tools>:\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1, calls=0) %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}{{- '\\n' + message.content }}{%- endif %}
        {%- for call in message.tool_calls %}
            {%- if call.function is defined %}{%- set call = call.function %}{%- endif %}
            {%- set ns.calls = ns.calls + 1 %}
            {{- '\\n<tool_call>\\n{"name": "' }}{{- call.name }}{{- '", "arguments": ' }}{{- call.arguments | tojson }}{{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' ~ message.content ~ '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if ns.calls > 0 %}{{- '(' ~ ns.calls ~ ' calls of ' ~ (ns.last + 1) ~ ')' }}{% endif %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}
"""

LLAMA_TOOLS = """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not tools_in_user_message is defined %}{%- set tools_in_user_message = true %}{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first = messages[0]['content'] | trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("No user message to put the tools in!") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{%- endfor %}
    {{- first + "<|eot_id|>" }}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}{{- raise_exception("One call at a time, please.") }}{%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + call.name + '", "parameters": ' }}{{- call.arguments | tojson }}{{- "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}{%- else %}{{- message.content }}{%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}\
{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}\
{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}"""

PHI = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}\
{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}\
{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

MINICPM = """{% for message in messages %}{% if message['role'] == 'user' %}{{ '<用户>' + message['content'].strip() + '<AI>' }}\
{% else %}{{ message['content'].strip() }}{% endif %}{% endfor %}"""

GRANITE = """{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}
{%- else %}{%- set system_message = "Knowledge Cutoff Date: April 2024.\\nToday's Date: " + strftime_now('%B %d, %Y') + "." %}{%- set loop_messages = messages %}{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\\n' }}
{%- if tools %}{{- '<|start_of_role|>tools<|end_of_role|>' }}{{- tools | tojson(indent=2) }}{{- '<|end_of_text|>\\n' }}{%- endif %}
{%- if documents %}{{- '<|start_of_role|>documents<|end_of_role|>' }}
    {%- for document in documents %}{{- 'Document ' + loop.index0 | string + '\\n' }}{{- document['text'] | upper }}{%- if not loop.last %}{{- '\\n\\n'}}{%- endif%}{%- endfor %}
    {{- '<|end_of_text|>\\n' }}
{%- endif %}
{%- macro turn(role, text) -%}{{ '<|start_of_role|>' ~ role ~ '<|end_of_role|>' ~ text ~ '<|end_of_text|>\\n' }}{%- endmacro %}
{%- for message in loop_messages %}{{- turn(message['role'], message['content']) }}
    {%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant' }}{%- if controls %}{{- ' ' + controls | tojson }}{%- endif %}{{- '<|end_of_role|>' }}{%- endif %}
{%- endfor %}"""

PHONELM = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a phone.<|im_end|>\\n' }}{% endif %}\
{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

PARTS = """{{ bos_token }}{% for m in messages %}[{{ m.role | title }}] {% if m.content is string %}{{ m.content | replace('\\n', ' / ') }}\
{% else %}{% for p in m.content if p.type == 'text' %}{{ p.text }}{% if not loop.last %} + {% endif %}{% else %}(nothing){% endfor %}{% endif %}{% if m.name %} ({{ m.name | default('?', true) | lower }}){% endif %}
{% endfor %}{{ messages | selectattr('role', 'equalto', 'user') | list | length }} of {{ messages | map(attribute='role') | join(', ') }}{% for k, v in {'a': 1, 'b': [1, 2.5, true, none]}.items() %};{{ k }}={{ v | tojson }}{% endfor %}\
{% for i in range(3, 0, -1) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}{{ messages[-1].content[:5] if messages[-1].content is string else '' }}{{ "%s" | length }}{{ 7 // 2 }}"""

TEMPLATES = {
    "chatml": CHATML, "qwen-tools": QWEN_TOOLS, "llama-tools": LLAMA_TOOLS, "gemma": GEMMA, "phi": PHI, "zephyr": ZEPHYR,
    "minicpm": MINICPM, "granite": GRANITE, "phonelm": PHONELM, "parts": PARTS,
}

WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather — \"now\" & <later>, in °C or °F's.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Wo? 東京"}, "days": {"type": "integer", "enum": [1, 2, 3]}}, "required": ["city"]}}}
ALARM = {"type": "function", "function": {"name": "set_alarm", "description": "", "parameters": {"type": "object", "properties": {}}}}
user = lambda text: {"role": "user", "content": text}
assistant = lambda text: {"role": "assistant", "content": text}
system = lambda text: {"role": "system", "content": text}
call = lambda name, **arguments: {"type": "function", "function": {"name": name, "arguments": arguments}}
CONVERSATIONS = [
    [user("Hi!")],
    [user("  spaces \n"), assistant("Yes.\n"), user("And 東京 👍🏽 <|im_end|>?")],
    [system("Be brief."), user("Why?")],
    [system(""), user("a"), assistant("b"), user("c"), assistant("d")],
    [user("Weather in Paris?"), {"role": "assistant", "content": "", "tool_calls": [call("get_weather", city="Paris", days=2)]},
     {"role": "tool", "name": "get_weather", "content": "18 °C"}, assistant("18 degrees."), user("Thanks")],
    [user("Two?"), {"role": "assistant", "content": "Both:", "tool_calls": [call("get_weather", city="Łódź"), call("set_alarm")]},
     {"role": "tool", "content": "ok"}, {"role": "tool", "content": "{\"a\": 1}"}],
    [assistant("I begin."), user("No.")],
    [{"role": "user", "content": [{"type": "text", "text": "See"}, {"type": "image"}, {"type": "text", "text": "this"}], "name": "ANN"}],
    [{"role": "user", "content": []}, user("x" * 300)],
]


def main():
    class Fixed(datetime):
        @classmethod
        def now(cls, tz=None):
            return DATE

    utils.datetime = Fixed
    cases = []
    for name, template in TEMPLATES.items():
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>", pad_token="<pad>")
        tokenizer.chat_template = template
        for i, messages in enumerate(CONVERSATIONS):
            # Lists of parts are for the template that reads them: adding one to a text is an error of Python's own.
            if name != "parts" and any(isinstance(message["content"], list) for message in messages):
                continue
            for tools in [None, [WEATHER], [WEATHER, ALARM]]:
                for prompt in [True, False]:
                    extra = {"documents": [{"title": "T", "text": "Straße"}, {"title": "U", "text": "two"}], "controls": {"length": "short"}} if i % 2 else {}
                    try:
                        text = tokenizer.apply_chat_template(messages, tools=tools, add_generation_prompt=prompt, tokenize=False, **extra)
                    except TemplateError:
                        text = None
                    cases.append(dict(template=name, messages=i, tools=0 if tools is None else len(tools), prompt=prompt, extra=extra, text=text))
    data = dict(templates=TEMPLATES, conversations=CONVERSATIONS, tools=[WEATHER, ALARM], cases=cases)
    OUT.write_bytes(gzip.compress(json.dumps(data, ensure_ascii=True).encode(), 9, mtime=0))
    print(len(cases), "cases,", sum(case["text"] is None for case in cases), "refused,", OUT.stat().st_size, "bytes")


main()
