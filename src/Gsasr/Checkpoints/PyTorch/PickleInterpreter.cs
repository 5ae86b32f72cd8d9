using System.Runtime.InteropServices;
using Gsasr.Tensors;

namespace Gsasr.Checkpoints.PyTorch;

/// <summary>
/// Interprets the pickle of a checkpoint as data. A pickle is a program for a stack machine that may import and call anything. This machine
/// knows only the instructions that describe numbers, texts, containers and tensors, and the names of <see cref="PickleGlobal"/>. At
/// anything else the reading ends. Nothing is imported, called, reflected upon or written.
/// </summary>
/// <remarks>
/// Values: null, bool, long, BigInteger, double, string, object?[] (tuple), List&lt;object?&gt; (list, set),
/// <see cref="PickleDictionary"/>, <see cref="PickleGlobal"/>, <see cref="StorageReference"/>, <see cref="StoredTensor"/>. Containers
/// hold references, so the memory needed is proportional to the number of instructions, which is limited.
/// </remarks>
internal sealed class PickleInterpreter
{
    /// <summary>The longest pickle that is read, in bytes; a network of 4,000 tensors needs a third of a million.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int MaxInstructions = 1_000_000;

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private readonly Dictionary<string, StorageReference> _storages = new(StringComparer.Ordinal);
    private readonly PickleBytes _bytes;
    private readonly string _source;

    private PickleInterpreter(byte[] bytes, int start, string source)
    {
        _bytes = new PickleBytes(bytes, start, source);
        _source = source;
    }

    /// <summary>Interprets the pickle that begins at an offset.</summary>
    /// <param name="bytes">The bytes that hold it.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="source">The file, for messages.</param>
    public static PickleResult Run(byte[] bytes, int start, string source)
    {
        var interpreter = new PickleInterpreter(bytes, start, source);
        for (int instruction = 0; instruction < MaxInstructions; instruction++)
        {
            if (!interpreter.Step())
                return new PickleResult(interpreter.Pop(), interpreter._storages, interpreter._bytes.Position);
        }

        throw interpreter.Invalid($"has more than {MaxInstructions} instructions");
    }

    /// <summary>Executes one instruction; false after the last one.</summary>
    private bool Step()
    {
        int opcode = _bytes.Byte();
        switch (opcode)
        {
            case 0x80: // PROTO
                int protocol = _bytes.Byte();
                if (protocol is < 2 or > 5)
                    throw Invalid($"is of protocol {protocol}; 2 to 5 are read");
                break;
            case 0x95: // FRAME
                _bytes.Skip(8);
                break;
            case '.': // STOP
                return false;
            case '(': // MARK
                _marks.Add(_stack.Count);
                break;
            case '0': // POP
                Pop();
                break;
            case '1': // POP_MARK
                PopToMark();
                break;
            case 'N': // NONE
                Push(null);
                break;
            case 0x88: // NEWTRUE
                Push(true);
                break;
            case 0x89: // NEWFALSE
                Push(false);
                break;
            case 'K': // BININT1
                Push((long)_bytes.Byte());
                break;
            case 'M': // BININT2
                Push((long)_bytes.UInt16());
                break;
            case 'J': // BININT
                Push((long)_bytes.Int32());
                break;
            case 0x8a: // LONG1
                Push(_bytes.Integer(_bytes.Byte()));
                break;
            case 'G': // BINFLOAT
                Push(_bytes.Double());
                break;
            case 'X': // BINUNICODE
                Push(_bytes.Text(_bytes.UInt32()));
                break;
            case 0x8c: // SHORT_BINUNICODE
                Push(_bytes.Text(_bytes.Byte()));
                break;
            case 0x8d: // BINUNICODE8
                Push(_bytes.Text(_bytes.Int64()));
                break;
            case 'T': // BINSTRING
                Push(_bytes.Latin1Text(_bytes.Int32()));
                break;
            case 'U': // SHORT_BINSTRING
                Push(_bytes.Latin1Text(_bytes.Byte()));
                break;
            case ']': // EMPTY_LIST
            case 0x8f: // EMPTY_SET
                Push(new List<object?>());
                break;
            case 'a': // APPEND
                object? item = Pop();
                Peek<List<object?>>("a list").Add(item);
                break;
            case 'e': // APPENDS
            case 0x90: // ADDITEMS
                object?[] items = PopToMark();
                Peek<List<object?>>("a list").AddRange(items);
                break;
            case ')': // EMPTY_TUPLE
                Push(Array.Empty<object?>());
                break;
            case 't': // TUPLE
                Push(PopToMark());
                break;
            case 0x85: // TUPLE1
            case 0x86: // TUPLE2
            case 0x87: // TUPLE3
                Push(PopMany(opcode - 0x84));
                break;
            case '}': // EMPTY_DICT
                Push(new PickleDictionary());
                break;
            case 's': // SETITEM
                SetItems(PopMany(2));
                break;
            case 'u': // SETITEMS
                SetItems(PopToMark());
                break;
            case 'h': // BINGET
                Push(Recall(_bytes.Byte()));
                break;
            case 'j': // LONG_BINGET
                Push(Recall(_bytes.UInt32()));
                break;
            case 'q': // BINPUT
                _memo[_bytes.Byte()] = Peek();
                break;
            case 'r': // LONG_BINPUT
                _memo[_bytes.UInt32()] = Peek();
                break;
            case 0x94: // MEMOIZE
                _memo[_memo.Count] = Peek();
                break;
            case 'c': // GLOBAL
                string module = _bytes.Line();
                Push(PickleGlobals.Resolve(module, _bytes.Line(), _source));
                break;
            case 0x93: // STACK_GLOBAL
                string name = Pop<string>("a name");
                Push(PickleGlobals.Resolve(Pop<string>("a module's name"), name, _source));
                break;
            case 'Q': // BINPERSID
                Push(ToStorage(Pop<object?[]>("a storage's description")));
                break;
            case 'R': // REDUCE
            case 0x81: // NEWOBJ
                object?[] arguments = Pop<object?[]>("arguments");
                Push(Construct(Pop<PickleGlobal>("something to construct"), arguments));
                break;
            case 'b': // BUILD
                // Attributes of a dictionary, such as the _metadata of a state_dict, are no tensors.
                Pop();
                Peek<PickleDictionary>("a dictionary");
                break;
            default:
                throw Invalid($"uses the instruction 0x{opcode:x2}, which no checkpoint of plain tensors needs; refused");
        }

        return true;
    }

    private object Construct(PickleGlobal type, object?[] arguments)
    {
        switch (type)
        {
            case PickleGlobal.OrderedDict when arguments is []:
                return new PickleDictionary();
            case PickleGlobal.RebuildTensor when arguments is [StorageReference storage, long offset, object?[] size, object?[] stride]:
                return StoredTensor.Create(storage, offset, size, stride, _source);

            // The other arguments say whether it needs a gradient, its hooks, and flags (such as conjugate) that plain tensors do not
            // have.
            case PickleGlobal.RebuildTensorV2
                when arguments is
                    [StorageReference storage, long offset, object?[] size, object?[] stride, bool, PickleDictionary, .. [] or [null]]:
                return StoredTensor.Create(storage, offset, size, stride, _source);
            case PickleGlobal.RebuildParameter when arguments is [StoredTensor tensor, bool, PickleDictionary]:
                return tensor;
            case PickleGlobal.RebuildParameterWithState when arguments is [StoredTensor tensor, bool, PickleDictionary, _]:
                return tensor;
            default:
                throw Invalid($"gives {type} arguments that it does not take");
        }
    }

    private StorageReference ToStorage(object?[] description)
    {
        if (description is not ["storage", PickleGlobal type, string key, string, long count, ..]
            || PickleGlobals.ElementTypeOf(type) is not ElementType elementType
            || count < 0
            || description is not ([_, _, _, _, _] or [_, _, _, _, _, null]))
        {
            throw Invalid("describes a storage in a way that is not known");
        }

        var storage = new StorageReference(key, elementType, count);
        if (!_storages.TryAdd(key, storage) && _storages[key] != storage)
            throw Invalid($"describes the storage {Quote.Name(key)} in two ways");
        return storage;
    }

    private void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0)
            throw Invalid("sets a dictionary's key without a value");
        PickleDictionary dictionary = Peek<PickleDictionary>("a dictionary");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Add(items[i], items[i + 1]);
    }

    private object? Recall(long index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw Invalid($"recalls value {index}, which it never remembered");

    private void Push(object? value) => _stack.Add(value);

    private object? Peek()
    {
        int bottom = _marks.Count > 0 ? _marks[^1] : 0;
        return _stack.Count > bottom ? _stack[^1] : throw Invalid("takes a value from an empty stack");
    }

    private T Peek<T>(string what) => Peek() is T value ? value : throw Invalid($"has something else where {what} is needed");

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private T Pop<T>(string what) => Pop() is T value ? value : throw Invalid($"has something else where {what} is needed");

    private object?[] PopMany(int count)
    {
        var values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw Invalid("closes a group that it never opened");
        object?[] values = [.. CollectionsMarshal.AsSpan(_stack)[_marks[^1]..]];
        _stack.RemoveRange(_marks[^1], values.Length);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    private CheckpointFormatException Invalid(string fault) => new($"{_source}: the pickle {fault}.");
}
