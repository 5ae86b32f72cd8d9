using System.Globalization;
using System.Reflection;
using Gsasr.Kernels;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Types;
using ILGPU.IR.Values;

namespace Gsasr.KernelCompiler;

/// <summary>Emits calls of methods with an <see cref="InstructionAttribute"/> as the text that the attribute holds.</summary>
internal static class InstructionEmitter
{
    /// <summary>Makes all instructions known to a context.</summary>
    /// <param name="builder">The context.</param>
    /// <param name="forTuring">Whether PTX is for hardware before sm_80.</param>
    public static void Register(Context.Builder builder, bool forTuring)
    {
        IntrinsicImplementationManager manager = builder.GetIntrinsicManager();
        const BindingFlags Instructions = BindingFlags.Static | BindingFlags.Public;
        foreach (MethodInfo method in (MethodInfo[])[.. typeof(Gpu).GetMethods(Instructions), .. typeof(TensorCores).GetMethods(Instructions), .. typeof(Warpgroup).GetMethods(Instructions), .. typeof(Launches).GetMethods(Instructions),
            .. typeof(BulkCopies).GetMethods(Instructions), .. typeof(SplitWarpgroup).GetMethods(Instructions)])
        {
            if (method.GetCustomAttribute<InstructionAttribute>() is null)
                continue;
            const IntrinsicImplementationMode Mode = IntrinsicImplementationMode.GenerateCode;
            manager.RegisterMethod(method, new PTXIntrinsic(typeof(InstructionEmitter), forTuring ? nameof(EmitTuringPtx) : nameof(EmitPtx), Mode));
            manager.RegisterMethod(method, new CLIntrinsic(typeof(InstructionEmitter), nameof(EmitOpenCl), Mode));
        }
    }

    // Called by ILGPU, which finds it by its name.
    private static void EmitPtx(PTXBackend backend, PTXCodeGenerator generator, Value value) =>
        Emit(InstructionOf(value).Ptx, generator, value);

    // As EmitPtx.
    private static void EmitTuringPtx(PTXBackend backend, PTXCodeGenerator generator, Value value) =>
        Emit(InstructionOf(value).TuringPtx ?? InstructionOf(value).Ptx, generator, value);

    private static void Emit(string ptx, PTXCodeGenerator generator, Value value)
    {
        var registers = new List<string>();
        if (!value.Type.IsVoidType)
            Flatten(generator.Allocate(value), registers);
        int results = registers.Count;
        foreach (ValueReference argument in value.Nodes)
            Flatten(generator.Load(argument.Resolve()), registers);
        if (InstructionOf(value).IsInPlace)
        {
            for (int i = 0; i < results; i++)
                generator.Builder.Append(CultureInfo.InvariantCulture, $"\tmov.f32 {registers[i]}, {registers[results + i]};\n");
        }

        string text = Fill(ptx.Replace("#", AddressSpaceOf(value, "shared"), StringComparison.Ordinal), i => registers[i]);
        generator.Builder.Append('\t').Append(text).Append('\n');
    }

    // Called by ILGPU, which finds it by its name.
    private static void EmitOpenCl(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        InstructionAttribute instruction = InstructionOf(value);
        string text = instruction.OpenCl ?? throw new NotSupportedException(
            $"{((MethodCall)value).Target.Source.Name} has no OpenCL C, and the kernel no Target to say that it needs none");
        var variables = new List<CLCodeGenerator.Variable?> { null };
        foreach (ValueReference argument in value.Nodes)
            variables.Add(generator.Load(argument.Resolve()));
        if (!value.Type.IsVoidType)
        {
            CLCodeGenerator.Variable result = generator.Allocate(value);
            generator.Declare(result);
            variables[0] = result;
        }

        // A block of its own keeps the names of temporaries apart.
        text = text.Replace("#", AddressSpaceOf(value, "local"), StringComparison.Ordinal).Replace("$", "loaded", StringComparison.Ordinal);
        using CLCodeGenerator.StatementEmitter statement = generator.BeginStatement(text.Contains("loaded", StringComparison.Ordinal) ? "{ " : "");
        int start = 0;
        for (int mark = text.IndexOf('%', StringComparison.Ordinal); mark >= 0; mark = text.IndexOf('%', start))
        {
            statement.AppendCommand(text[start..mark]);
            statement.Append(variables[text[mark + 1] - '0']!);
            start = mark + 2;
        }

        statement.AppendCommand(text[start..] + (text.Contains("loaded", StringComparison.Ordinal) ? "; }" : ""));
    }

    private static InstructionAttribute InstructionOf(Value value) =>
        ((MethodCall)value).Target.Source.GetCustomAttribute<InstructionAttribute>()!;

    private static string AddressSpaceOf(Value value, string shared)
    {
        foreach (ValueReference argument in value.Nodes)
        {
            if (argument.Resolve().Type is not PointerType pointer)
                continue;
            return pointer.AddressSpace switch
            {
                MemoryAddressSpace.Global => "global",
                MemoryAddressSpace.Shared => shared,
                _ => throw new NotSupportedException(
                    $"{((MethodCall)value).Target.Source.Name} needs a pointer into global or shared memory; " +
                    "a view that can be either, or an array of an item's own, is none"),
            };
        }

        return "";
    }

    private static string Fill(string template, Func<int, string> operand)
    {
        var text = new System.Text.StringBuilder();
        int start = 0;
        for (int mark = template.IndexOf('%', StringComparison.Ordinal); mark >= 0; mark = template.IndexOf('%', start))
        {
            text.Append(template, start, mark - start);
            int end = mark + 1;
            while (end < template.Length && char.IsAsciiDigit(template[end]))
                end++;
            int first = Number(mark + 1, end);
            text.Append(operand(first));
            if (template.AsSpan(end).StartsWith("..%", StringComparison.Ordinal))
            {
                int secondMark = end + 3;
                end = secondMark;
                while (end < template.Length && char.IsAsciiDigit(template[end]))
                    end++;
                for (int i = first + 1; i <= Number(secondMark, end); i++)
                    text.Append(", ").Append(operand(i));
            }

            start = end;
        }

        return text.Append(template, start, template.Length - start).ToString();

        int Number(int from, int to) => int.Parse(template.AsSpan(from, to - from), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static void Flatten(RegisterAllocator<PTXRegisterKind>.Register register, List<string> names)
    {
        switch (register)
        {
            case RegisterAllocator<PTXRegisterKind>.CompoundRegister compound:
                foreach (RegisterAllocator<PTXRegisterKind>.Register child in compound.Children)
                    Flatten(child, names);
                break;
            case RegisterAllocator<PTXRegisterKind>.ConstantRegister { Value.BasicValueType: BasicValueType.Int1 }:
                throw new NotSupportedException("a condition of an instruction is the same at every launch; PTX has no such predicate");
            case RegisterAllocator<PTXRegisterKind>.ConstantRegister constant:
                names.Add(constant.Value.BasicValueType == BasicValueType.Float32
                    ? "0f" + BitConverter.SingleToUInt32Bits(constant.Value.Float32Value).ToString("X8", CultureInfo.InvariantCulture)
                    : constant.Value.Int64Value.ToString(CultureInfo.InvariantCulture));
                break;
            case RegisterAllocator<PTXRegisterKind>.HardwareRegister hardware:
                names.Add("%" + PTXRegisterAllocator.GetStringRepresentation(hardware).TrimStart('%'));
                break;
        }
    }
}
