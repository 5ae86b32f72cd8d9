using System.Runtime.CompilerServices;

namespace Gsasr.Kernels;

/// <summary>
/// Makes a static method a GPU kernel. A generic method is compiled once for each attribute, with its <see cref="Specialization"/>
/// as the type argument.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class KernelAttribute : Attribute
{
    /// <summary>Sets what all launches of the kernel have in common.</summary>
    /// <param name="groupSize">Work-items of a work-group, 1 to 1024; every device has at least 256.</param>
    /// <param name="file">The source file, for messages of the kernel compiler.</param>
    /// <param name="line">The line in it.</param>
    public KernelAttribute(int groupSize, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        GroupSize = groupSize;
        File = file;
        Line = line;
    }

    /// <summary>Work-items of a work-group.</summary>
    public int GroupSize { get; }

    /// <summary>The source file.</summary>
    public string File { get; }

    /// <summary>The line in <see cref="File"/>.</summary>
    public int Line { get; }

    /// <summary>The type argument of a generic kernel: a struct whose static members are its constants.</summary>
    public Type? Specialization { get; set; }

    /// <summary>
    /// How many groups a multiprocessor of NVIDIA hardware is to run side by side. The kernel uses only so many registers as that allows; 0
    /// leaves it to the driver's compiler.
    /// </summary>
    public int GroupsPerProcessor { get; set; }

    /// <summary>
    /// The NVIDIA hardware that the kernel needs, such as "sm_80" or "sm_90a"; it is then compiled to PTX alone. With "sm_75" it may
    /// use instructions that only sm_80 has; then there is a second text for sm_75, with others in their place (<see cref="InstructionAttribute.TuringPtx"/>).
    /// Null for all devices.
    /// </summary>
    public string? Target { get; set; }

    /// <summary>
    /// Bytes of dynamic shared memory (<c>SharedMemory.GetDynamic</c>) of a group, in addition to the static arrays. Only with a
    /// <see cref="Target"/>.
    /// </summary>
    public int DynamicSharedBytes { get; set; }

    /// <summary>The level of ILGPU's optimisation: 2, or 1 if a measurement shows that the second level makes the PTX slower.</summary>
    public int Optimization { get; set; } = 2;
}
